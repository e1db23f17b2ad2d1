import { setTimeout as delay } from 'node:timers/promises';
import { isRedisInstalled } from '../faults/redis.js';
import { atMost, type Benchmark, type Table } from './benchmark.js';
import { House } from './house.js';
import type { Options } from './options.js';
import { progress } from './progress.js';
import { perImage, type Took } from './scale-meter.js';
import { COUNTING, statementsOf, type Statement } from './scale-statements.js';
import { spreadOf } from './spread.js';

/** After the start: connections that nobody needs are closed, and the first round of everything is over. */
const SETTLE_MS = 20_000;
const MEASURE_MS = 60_000;
/** CPU milliseconds a minute of a process, a hundredth of a core; and statements a second. */
const CPU_LIMIT = 600;
const STATEMENT_LIMIT = 5;
/** Of the statements, those that are told: characters, and how many. */
const WIDTH = 100;
const TOLD = 12;

const QUEUES = ['postgres', 'redis'] as const;

/** Of one minute each. */
interface Minutes {
  queue: (typeof QUEUES)[number];
  took: Took[];
  statements: Statement[][];
}

export const idle: Benchmark = {
  name: 'idle',
  measures: 'What an API and a worker take that have nothing to do: CPU time, and statements to PostgreSQL.',
  async run(options) {
    const queues = QUEUES.filter((queue) => queue === 'postgres' || isRedisInstalled());
    // Side by side: they are idle.
    const measured = await Promise.all(queues.map((queue) => measure(queue, options)));
    const skipped = measured.length < QUEUES.length ? ' (no redis-server here, so not on Redis)' : '';
    return {
      tables: [
        {
          title: `CPU milliseconds, and statements, of a minute; median of ${options.rounds}${skipped}`,
          columns: ['queue', 'worker', 'API', 'PostgreSQL', 'Redis', 'statements'],
          rows: measured.map(({ queue, took, statements }) => [
            queue,
            ...(['workers', 'apis', 'postgres', 'redis'] as const).map((part) =>
              spreadOf(took.map((each) => each[part])),
            ),
            spreadOf(statements.map(callsOf)),
          ]),
        },
        ...measured.map(statementTable),
      ],
      goals: measured.flatMap(({ queue, took, statements }) => [
        atMost(
          `queue on ${queue}: CPU of the worker a minute`,
          spreadOf(took.map(({ workers }) => workers)).median,
          CPU_LIMIT,
          ' ms',
        ),
        atMost(
          `queue on ${queue}: CPU of the API a minute`,
          spreadOf(took.map(({ apis }) => apis)).median,
          CPU_LIMIT,
          ' ms',
        ),
        atMost(
          `queue on ${queue}: statements a second`,
          spreadOf(statements.map(callsOf)).median / 60,
          STATEMENT_LIMIT,
        ),
      ]),
    };
  },
};

async function measure(queue: Minutes['queue'], { rounds, short }: Options): Promise<Minutes> {
  const share = short ? 1 / 12 : 1;
  const minutes = (MEASURE_MS * share) / 60_000;
  const house = await House.start({ queue, ofPostgres: COUNTING });
  const measured: Minutes = { queue, took: [], statements: [] };
  try {
    await delay(SETTLE_MS * share);
    for (let round = 0; round < rounds; round += 1) {
      progress(`idle: minute ${round + 1} of ${rounds}, queue on ${queue}`);
      const wait = async (): Promise<void> => {
        measured.took.push(await perImage(house, minutes, () => delay(minutes * 60_000)));
      };
      const statements = await statementsOf(house.pool, wait);
      measured.statements.push(statements.map(({ calls, query }) => ({ calls: calls / minutes, query })));
    }
    return measured;
  } finally {
    await house.stop();
  }
}

const callsOf = (statements: Statement[]): number => statements.reduce((sum, { calls }) => sum + calls, 0);

function statementTable({ queue, statements }: Minutes): Table {
  return {
    title: `Who asks, queue on ${queue}: the most frequent statements of the last minute`,
    columns: ['statement', 'a minute'],
    rows: statements
      .at(-1)!
      .slice(0, TOLD)
      .map(({ query, calls }) => [query.replaceAll(/\s+/g, ' ').replaceAll('|', '¦').slice(0, WIDTH), calls]),
  };
}
