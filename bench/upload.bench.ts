import { atMost, type Benchmark, type Goal, type Table } from './benchmark.js';
import { House } from './house.js';
import { scaled } from './options.js';
import { progress } from './progress.js';
import type { ServiceProcess } from './service-process.js';
import { spreadOf, type Spread } from './spread.js';
import { uploadRows } from './upload-csv.js';

const SIZES = [10_000, 100_000, 1_000_000];
/** Before what is measured: code is compiled, pools are filled. */
const WARM_UP = 1000;
/** Of the largest, by one process. */
const IN_TURN = 3;
const SECONDS_LIMIT = 60;
const MEMORY_LIMIT = 100;

interface Upload {
  seconds: number;
  /** CPU of the API, and of PostgreSQL. */
  cpuSeconds: number;
  postgresSeconds: number;
  /** The most memory at any moment of it, and how much more that is than the process held before. */
  peakMiB: number;
  grewMiB: number;
}

export const upload: Benchmark = {
  name: 'upload',
  measures:
    'A CSV with one image a row, until the upload is answered, and what it takes of the memory of the API.',
  async run(options) {
    const sizes = SIZES.map((rows) => scaled(rows, options));
    const largest = sizes.at(-1)!;
    // No worker: what is uploaded stays open.
    const house = await House.start({ apis: 0, workers: 0, ofApis: { MAX_OPEN_IMAGES: '1000000000' } });
    try {
      const measured: Upload[][] = sizes.map(() => []);
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const [index, rows] of sizes.entries()) {
          progress(`upload: ${rows} rows, round ${round} of ${options.rounds}`);
          measured[index]!.push(...(await byNewProcess(house, rows, 1)));
        }
      }
      progress(`upload: ${IN_TURN} × ${largest} rows by one process`);
      const inTurn = await byNewProcess(house, largest, IN_TURN);
      return {
        tables: [sizesTable(sizes, measured, options.rounds), inTurnTable(largest, inTurn)],
        goals: goals(sizes, measured, inTurn),
      };
    } finally {
      await house.stop();
    }
  },
};

/** So many uploads in turn by a process of their own, which has not grown with others before. */
async function byNewProcess(house: House, rows: number, times: number): Promise<Upload[]> {
  const api = await house.addApi();
  await uploadRows(api.url, WARM_UP);
  const uploads: Upload[] = [];
  for (let time = 0; time < times; time += 1) uploads.push(await measure(house, api, rows));
  await api.end();
  await house.pool.query('TRUNCATE processing_request, product, product_image, slice');
  return uploads;
}

async function measure(house: House, api: ServiceProcess, rows: number): Promise<Upload> {
  await api.forgetPeak();
  const { residentMiB } = await api.memory();
  const cpu = await api.cpuSeconds();
  const postgres = await house.postgresSeconds();
  const start = performance.now();
  await uploadRows(api.url, rows);
  const seconds = (performance.now() - start) / 1000;
  const { peakMiB } = await api.memory();
  return {
    seconds,
    cpuSeconds: (await api.cpuSeconds()) - cpu,
    postgresSeconds: (await house.postgresSeconds()) - postgres,
    peakMiB,
    grewMiB: peakMiB - residentMiB,
  };
}

const spread = (uploads: Upload[], figure: keyof Upload): Spread =>
  spreadOf(uploads.map((each) => each[figure]));

function sizesTable(sizes: number[], measured: Upload[][], rounds: number): Table {
  return {
    title: `Each in a new process that has taken ${WARM_UP} rows before; median of ${rounds} rounds (lowest–highest)`,
    columns: ['rows', 'seconds', 'CPU s of the API', 'CPU s of PostgreSQL', 'peak MiB', 'grew by MiB'],
    rows: sizes.map((rows, index) => {
      const of = (figure: keyof Upload): Spread => spread(measured[index]!, figure);
      return [
        String(rows),
        of('seconds'),
        of('cpuSeconds'),
        of('postgresSeconds'),
        of('peakMiB'),
        of('grewMiB'),
      ];
    }),
  };
}

function inTurnTable(rows: number, inTurn: Upload[]): Table {
  return {
    title: `${rows} rows again and again, by one process`,
    columns: ['upload', 'seconds', 'peak MiB'],
    rows: inTurn.map(({ seconds, peakMiB }, index) => [String(index + 1), seconds, peakMiB]),
  };
}

function goals(sizes: number[], measured: Upload[][], inTurn: Upload[]): Goal[] {
  const largest = measured.at(-1)!;
  return [
    atMost(`${sizes.at(-1)} rows`, spread(largest, 'seconds').median, SECONDS_LIMIT, ' s'),
    ...sizes.map((rows, index) =>
      atMost(
        `${rows} rows: memory grew by`,
        spread(measured[index]!, 'grewMiB').median,
        MEMORY_LIMIT,
        ' MiB',
      ),
    ),
    atMost(
      `upload ${inTurn.length} beyond the peak of the first`,
      inTurn.at(-1)!.peakMiB - inTurn[0]!.peakMiB,
      MEMORY_LIMIT / 2,
      ' MiB',
    ),
  ];
}
