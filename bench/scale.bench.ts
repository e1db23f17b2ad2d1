import { isRedisInstalled } from '../faults/redis.js';
import { atLeast, type Benchmark, type Cell, type Goal, type Table } from './benchmark.js';
import type { Options } from './options.js';
import { LOADS, tracesOf, workBooks, type Traces } from './scale-database.js';
import type { Worked } from './scale-load.js';
import { ANSWER_MS, COUNTS, scaleWorkers, type Queue, type Scaling } from './scale-workers.js';
import { ratioOf, spreadOf } from './spread.js';

/** Of n workers, as a share of n times one worker. */
const LINEAR = 0.9;

/** What was measured with the queue in one place, a value for each round. */
interface Measured {
  queue: Queue;
  scalings: Scaling[];
  books: Awaited<ReturnType<typeof workBooks>>[];
  traces: Traces;
}

export const scale: Benchmark = {
  name: 'scale',
  measures:
    'Images a second of 1, 2 and 4 workers that wait for an origin; and what the service itself takes for an image.',
  async run(options) {
    const measured = await measure(options);
    const skipped = measured.length < 2 ? ' (no redis-server here, so not on Redis)' : '';
    return {
      tables: [
        {
          title: `Images a second, from an origin that answers after ${ANSWER_MS} ms; median of ${options.rounds} rounds${skipped}`,
          columns: ['queue', ...COUNTS.map(plural), '2 × linear', '4 × linear', '% idle, 4'],
          rows: measured.map(scalingRow),
        },
        takenTable(measured),
        tracesTable(measured),
      ],
      goals: measured.flatMap(({ queue, scalings }) =>
        ([2, 4] as const).map((count): Goal => {
          const { median } = linearity(scalings, count);
          return atLeast(`queue on ${queue}: ${count} workers × linear`, median, LINEAR);
        }),
      ),
    };
  },
};

/** Both queues in turn, round by round. */
async function measure(options: Options): Promise<Measured[]> {
  const queues: Queue[] = isRedisInstalled() ? ['postgres', 'redis'] : ['postgres'];
  const measured: Measured[] = [];
  for (const queue of queues)
    measured.push({ queue, scalings: [], books: [], traces: await tracesOf(queue, options) });
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { queue, scalings, books } of measured) {
      scalings.push(await scaleWorkers(queue, options));
      books.push(await workBooks(queue, options));
    }
  }
  return measured;
}

const plural = (count: number): string => `${count} worker${count === 1 ? '' : 's'}`;

function linearity(scalings: Scaling[], count: 2 | 4): ReturnType<typeof ratioOf> {
  return ratioOf(
    scalings.map((scaling) => scaling[count].imagesPerSecond),
    scalings.map((scaling) => scaling[1].imagesPerSecond * count),
  );
}

function scalingRow({ queue, scalings }: Measured): Cell[] {
  return [
    queue,
    ...COUNTS.map((count) => spreadOf(scalings.map((scaling) => scaling[count].imagesPerSecond))),
    linearity(scalings, 2),
    linearity(scalings, 4),
    spreadOf(scalings.map((scaling) => scaling[4].idle * 100)),
  ];
}

/** What an image takes: worked on behind a slow origin, worked on without download and pixels, uploaded. */
function takenTable(measured: Measured[]): Table {
  const row = (name: string, worked: Worked[], of: 'working' | 'uploading' = 'working'): Cell[] => [
    name,
    ...(of === 'working' ? [spreadOf(worked.map((each) => each.imagesPerSecond))] : ['']),
    ...(['postgres', 'redis', 'workers', 'apis', 'walBytes'] as const).map((part) =>
      spreadOf(worked.map((each) => each[of][part])),
    ),
  ];
  return {
    title: 'What an image takes: CPU milliseconds, and bytes of write-ahead log',
    columns: ['queue, work', 'images/s', 'PostgreSQL', 'Redis', 'workers', 'API', 'WAL bytes'],
    rows: measured.flatMap(({ queue, scalings, books }) => [
      ...COUNTS.map((count) =>
        row(
          `${queue}: ${plural(count)}, slow origin`,
          scalings.map((scaling) => scaling[count]),
        ),
      ),
      ...LOADS.map(({ name }) =>
        row(
          `${queue}: no pixels, ${name}`,
          books.map((book) => book[name]),
        ),
      ),
      ...LOADS.map(({ name }) =>
        row(
          `${queue}: upload, ${name}`,
          books.map((book) => book[name]),
          'uploading',
        ),
      ),
    ]),
  };
}

function tracesTable(measured: Measured[]): Table {
  return {
    title: 'What an image of a large request asks of PostgreSQL, from its upload to its end',
    columns: ['queue', 'statements', 'transactions', 'bytes of image row', 'of product row', 'of slice rows'],
    rows: measured.map(({ queue, traces: { statements, transactions, bytes } }) => [
      queue,
      statements,
      transactions,
      bytes.product_image,
      bytes.product,
      bytes.slice,
    ]),
  };
}
