import { setTimeout as delay } from 'node:timers/promises';
import { parseEnv } from '../src/config/env.js';
import { memoryBound } from '../src/processing/memory-budget.js';
import { atMost, round, type Benchmark, type Cell, type Goal } from './benchmark.js';
import { House } from './house.js';
import { endlessLoad } from './memory-load.js';
import { scaled, type Options } from './options.js';
import { Origin } from './origin.js';
import { picturesOf } from './pictures.js';
import type { PictureSetName } from './picture-sets.js';
import { progress } from './progress.js';

const SETS: PictureSetName[] = [
  'jpeg-12mp',
  'jpeg-12mp-progressive',
  'jpeg-12mp-rotated',
  'jpeg-50mp',
  'jpeg-50mp-progressive',
  'jpeg-50mp-rotated',
];
const CONCURRENCIES = [1, 2, 4];
/** Of each concurrency, the first third to warm up. */
const SECONDS = 600;
/** A container for one picture at a time. */
const SMALL_MIB = 512;
/** The last third beside the one before: what is there to collect differs by so much at any moment. */
const GROWTH = 1.1;

export const memory: Benchmark = {
  name: 'memory',
  measures: 'Memory of a worker on pictures of 12 and 50 MP, plain, progressive and rotated ones in turn.',
  async run(options) {
    const folders = options.pictures === undefined ? [] : [options.pictures];
    if (folders.length === 0) for (const name of SETS) folders.push(await picturesOf(name));
    const origin = await Origin.start(folders);
    const rows: Cell[][] = [];
    const goals: Goal[] = [];
    try {
      for (const concurrency of CONCURRENCIES) {
        progress(`memory: WORKER_CONCURRENCY=${concurrency}, ${scaled(SECONDS, options)} s`);
        const measured = await measure(concurrency, origin, folders.length, options);
        const bound = boundMiB(concurrency);
        rows.push([concurrency, ...Object.values(measured), bound]);
        goals.push(...goalsOf(concurrency, measured, bound));
      }
    } finally {
      await origin.stop();
    }
    const columns = [
      'WORKER_CONCURRENCY',
      'images/s',
      'idle',
      'first third',
      'second',
      'last',
      'afterwards',
      'bound',
    ];
    return {
      tables: [{ title: 'MiB: at rest, at most in each third, and when all is done', columns, rows }],
      goals,
    };
  },
};

interface Measured {
  imagesPerSecond: number;
  idle: number;
  first: number;
  second: number;
  last: number;
  afterwards: number;
}

async function measure(
  concurrency: number,
  origin: Origin,
  folders: number,
  options: Options,
): Promise<Measured> {
  const house = await House.start({ ofWorkers: { WORKER_CONCURRENCY: String(concurrency) } });
  try {
    const { worker } = house;
    const { residentMiB: idle } = await worker.memory();
    const load = endlessLoad(house, origin, folders);
    const third = async (): Promise<number> => {
      await worker.forgetPeak();
      // Should the load fail, there is nothing to wait for.
      await Promise.race([delay((scaled(SECONDS, options) / 3) * 1000), load.failed]);
      return (await worker.memory()).peakMiB;
    };
    const [first, second, last] = [await third(), await third(), await third()];
    const imagesPerSecond = await load.stop();
    const { residentMiB: afterwards } = await worker.memory();
    return { imagesPerSecond, idle, first, second, last, afterwards };
  } finally {
    await house.stop();
  }
}

function goalsOf(concurrency: number, { first, second, last }: Measured, bound: number): Goal[] {
  const most = Math.max(first, second, last);
  const name = `WORKER_CONCURRENCY=${concurrency}`;
  const goals = [
    atMost(`${name}: the bound`, most, bound, ' MiB'),
    atMost(`${name}: last third × second`, last / second, GROWTH),
  ];
  if (concurrency > 1) return goals;
  return [...goals, atMost(`${name}: fits in ${SMALL_MIB} MiB`, most, SMALL_MIB, ' MiB')];
}

/** What README promises: the process, and what its images in flight may hold. */
function boundMiB(concurrency: number): number {
  return round(memoryBound(parseEnv({ WORKER_CONCURRENCY: String(concurrency) })) / 1024 ** 2);
}
