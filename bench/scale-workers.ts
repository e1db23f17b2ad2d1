import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { Origin } from './origin.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { workThrough, type Worked } from './scale-load.js';

export type Queue = 'postgres' | 'redis';

/** Worker processes, one after the other in the same house. */
export const COUNTS = [1, 2, 4] as const;
/** So few downloads that four workers leave most of two cores alone: 8 at 200 ms are 40 images a second. */
const SETTINGS = { FETCH_CONCURRENCY: '8' };
export const ANSWER_MS = 200;
/** Of each worker: 20 s. */
const IMAGES = 800;

/** By number of workers. */
export type Scaling = Record<(typeof COUNTS)[number], Worked>;

/** 1, 2 and 4 worker processes on one request, which the origin holds up. */
export async function scaleWorkers(queue: Queue, options: Options): Promise<Scaling> {
  const origin = await Origin.start([await picturesOf('jpeg-tiny')]);
  const house = await House.start({ queue, workers: 0, ofWorkers: SETTINGS });
  const urls = (count: number): string[] => origin.urls(count, { answer: ANSWER_MS });
  const measured: Partial<Scaling> = {};
  try {
    for (const count of COUNTS) {
      while (house.workers.length < count) await house.addWorker();
      const images = scaled(IMAGES, options) * count;
      progress(`scale: ${count} workers, ${images} images, queue on ${queue}`);
      // So that new workers are as warm as old ones.
      await workThrough(house, urls(80 * count));
      measured[count] = await workThrough(house, urls(images));
    }
    return measured as Scaling;
  } finally {
    await house.stop();
    await origin.stop();
  }
}
