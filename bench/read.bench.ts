import { atLeast, atMost, type Benchmark, type Cell, type Goal, type Table } from './benchmark.js';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { Origin } from './origin.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { readCalls, type ReadCall } from './read-calls.js';
import { ReadClient } from './read-client.js';
import { measureDownload, type Download } from './read-download.js';
import { percentile, spreadOf } from './spread.js';
import { uploadRows } from './upload-csv.js';

const IMAGES = 1_000_000;
const CONNECTIONS = 40;
/** Of each call, in each of both ways. */
const SECONDS = 5;
/** Calls a second at a fixed rate: well below what the API can do beside a worker that takes what it gets. */
const RATE = 100;
const P99_LIMIT = 20;
const ROWS_LIMIT = 100_000;
const MEMORY_LIMIT = 100;

/** Of one call in one round, in milliseconds. */
interface Round {
  perSecond: number;
  cpuMs: number;
  median: number;
  p99: number;
  fixedMedian: number;
  fixedP99: number;
}

export const read: Benchmark = {
  name: 'read',
  measures: 'Answers about a large request while a worker works on it at full speed, on the same machine.',
  async run(options) {
    const images = scaled(IMAGES, options);
    const origin = await Origin.start([await picturesOf('jpeg-tiny')]);
    const house = await House.start({ workers: 1 });
    const client = await ReadClient.start();
    try {
      progress(`read: ${images} images are uploaded`);
      const id = await uploadRows(house.api.url, images, (row) => origin.url(row));
      const calls = readCalls(house.api.url, id, images);
      const measured: Round[][] = calls.map(() => []);
      const downloads: Download[] = [];
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const [index, call] of calls.entries()) {
          progress(`read: ${call.name}, round ${round} of ${options.rounds}`);
          measured[index]!.push(await measure(house, client, call, options));
        }
        downloads.push(await measureDownload(house.api, id, images));
      }
      return {
        tables: [callsTable(calls, measured, options.rounds), downloadTable(downloads)],
        goals: goals(calls, measured, downloads),
      };
    } finally {
      await client.stop();
      await house.stop();
      await origin.stop();
    }
  },
};

async function measure(
  house: House,
  client: ReadClient,
  { url, firstByte }: ReadCall,
  options: Options,
): Promise<Round> {
  const job = { url, firstByte, connections: CONNECTIONS, seconds: scaled(SECONDS, options) };
  await client.run({ ...job, rate: 0, seconds: job.seconds / 5 });
  const cpu = await house.api.cpuSeconds();
  const free = await client.run({ ...job, rate: 0 });
  const cpuMs = (((await house.api.cpuSeconds()) - cpu) / free.calls.length) * 1000;
  const fixed = await client.run({ ...job, rate: RATE });
  const [freeTimes, fixedTimes] = [free, fixed].map((times) => times.calls.toSorted((a, b) => a - b));
  return {
    perSecond: free.calls.length / free.seconds,
    cpuMs,
    median: percentile(freeTimes!, 0.5),
    p99: percentile(freeTimes!, 0.99),
    fixedMedian: percentile(fixedTimes!, 0.5),
    fixedP99: percentile(fixedTimes!, 0.99),
  };
}

function callsTable(calls: ReadCall[], measured: Round[][], rounds: number): Table {
  const of = (index: number, figure: keyof Round): Cell =>
    spreadOf(measured[index]!.map((round) => round[figure]));
  return {
    title:
      `${CONNECTIONS} connections of a client process: each calls again as soon as it has its answer, then ${RATE} calls a second ` +
      `together, counted from when they were due; milliseconds, median of ${rounds} rounds (lowest–highest)`,
    columns: ['call', 'calls/s', 'API CPU', 'p50', 'p99', `p50 at ${RATE}/s`, `p99 at ${RATE}/s`],
    rows: calls.map(({ name }, index) => [
      name,
      of(index, 'perSecond'),
      of(index, 'cpuMs'),
      of(index, 'median'),
      of(index, 'p99'),
      of(index, 'fixedMedian'),
      of(index, 'fixedP99'),
    ]),
  };
}

function downloadTable(downloads: Download[]): Table {
  const of = (figure: keyof Download): Cell => spreadOf(downloads.map((each) => each[figure]));
  return {
    title: 'The whole output CSV (partial)',
    columns: ['rows', 'rows/s', 'CPU s of the API', 'memory grew by MiB'],
    rows: [[String(downloads[0]!.rows), of('rowsPerSecond'), of('cpuSeconds'), of('grewMiB')]],
  };
}

function goals(calls: ReadCall[], measured: Round[][], downloads: Download[]): Goal[] {
  const median = (values: number[]): number => spreadOf(values).median;
  return [
    ...calls.map(({ name }, index) =>
      atMost(
        `${name}: p99 at ${RATE}/s`,
        median(measured[index]!.map((round) => round.fixedP99)),
        P99_LIMIT,
        ' ms',
      ),
    ),
    atLeast('download: rows/s', median(downloads.map(({ rowsPerSecond }) => rowsPerSecond)), ROWS_LIMIT),
    atMost('download: memory grew by', median(downloads.map(({ grewMiB }) => grewMiB)), MEMORY_LIMIT, ' MiB'),
  ];
}
