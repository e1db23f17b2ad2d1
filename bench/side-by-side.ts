import { availableParallelism } from 'node:os';
import type { RequestOptions } from '../src/requests/request-options.js';
import { House } from './house.js';
import type { LoopKind } from './loops/loop-job.js';
import { Loop, type Took } from './loops/loop.js';
import type { Options } from './options.js';
import { Origin } from './origin.js';
import { untilEnded, upload } from './requests.js';

/** As `WORKER_CONCURRENCY` is by default. */
export const ENCODERS = 2 * availableParallelism();

export const BALANCED: RequestOptions = {
  quality: 50,
  format: 'same',
  effort: 'balanced',
  maxWidth: null,
  maxHeight: null,
};

/** What one side took in one round, of each image. */
export interface Round {
  imagesPerSecond: number;
  /** CPU milliseconds of its process. */
  cpuMs: number;
  /** CPU milliseconds of PostgreSQL. */
  postgresMs: number;
}

export type Side = LoopKind | 'ours';

export interface Comparison {
  folder: string;
  /** Images that each side does in a round. */
  count: number;
  options?: Partial<RequestOptions>;
  sides: Side[];
  /** How long the host takes to answer, in ms. */
  answerMs?: number;
}

/** Both sides in turn, in the same run, on the same files; the order is turned round from round to round. */
export async function sideBySide(plan: Comparison, { rounds }: Options): Promise<Record<Side, Round[]>> {
  const origin = await Origin.start([plan.folder]);
  const loop = await Loop.start(ENCODERS);
  const house = await House.start({});
  const measured: Record<Side, Round[]> = { sharp: [], bare: [], older: [], ours: [] };
  const measure = async (side: Side, count: number): Promise<Round> => {
    const urls = origin.urls(count, { answer: plan.answerMs ?? 0 });
    const options = { ...BALANCED, ...plan.options };
    if (side === 'ours') return measureOurs(house, urls, plan.options);
    const job = { kind: side, folder: plan.folder, urls, options, encoders: ENCODERS };
    return perImage(await loop.run(job), 0, count);
  };
  try {
    // Code gets faster, pools of memory and of connections are filled.
    for (const side of plan.sides) await measure(side, Math.max(Math.ceil(plan.count / 4), 1));
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? plan.sides : plan.sides.toReversed();
      for (const side of order) measured[side].push(await measure(side, plan.count));
    }
    return measured;
  } finally {
    await house.stop();
    await loop.stop();
    await origin.stop();
  }
}

/** From the first slice to the last image; CPU time includes what the worker does after that. */
export async function measureOurs(
  house: House,
  urls: string[],
  options: Partial<RequestOptions> = {},
): Promise<Round> {
  const cpuBefore = await house.worker.cpuSeconds();
  const postgresBefore = await house.postgresSeconds();
  const { seconds } = await untilEnded(house, await upload(house, urls, options));
  const cpuSeconds = (await house.worker.cpuSeconds()) - cpuBefore;
  return perImage({ seconds, cpuSeconds }, (await house.postgresSeconds()) - postgresBefore, urls.length);
}

function perImage({ seconds, cpuSeconds }: Took, postgresSeconds: number, count: number): Round {
  return {
    imagesPerSecond: count / seconds,
    cpuMs: (cpuSeconds / count) * 1000,
    postgresMs: (postgresSeconds / count) * 1000,
  };
}
