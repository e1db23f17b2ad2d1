import { setTimeout as delay } from 'node:timers/promises';
import type { House } from './house.js';
import { upload } from './requests.js';
import { idleShare, perImage, type Took } from './scale-meter.js';

/** Seldom, so that looking costs the database nothing that shows. */
const LOOK_MS = 500;
/** Of the images, by the order in which they ended: before and after it not all workers are busy. */
const MIDDLE = [0.1, 0.9];

/** How a load went. */
export interface Worked {
  /** Of the middle of the load, by the database's clock. */
  imagesPerSecond: number;
  /** Of the machine's cores meanwhile, as a share of 1. */
  idle: number;
  /** What each image took when it was uploaded, and when it was worked on. */
  uploading: Took;
  working: Took;
}

/**
 * Uploads the URLs in so many requests of the same size while the workers stand still, and then lets them work, until
 * all of it is done.
 */
export async function workThrough(house: House, urls: string[], requests = 1): Promise<Worked> {
  const ids: string[] = [];
  const size = urls.length / requests;
  const uploadAll = async (): Promise<void> => {
    for (let first = 0; first < urls.length; first += size)
      ids.push(await upload(house, urls.slice(first, first + size)));
  };
  signalWorkers(house, 'SIGSTOP');
  const uploading = await perImage(house, urls.length, uploadAll);
  let working: Took | undefined;
  const idle = await idleShare(async () => {
    working = await perImage(house, urls.length, async () => {
      signalWorkers(house, 'SIGCONT');
      await untilAllEnded(house, ids);
    });
  });
  return { imagesPerSecond: await middleRate(house, ids), idle, uploading, working: working! };
}

function signalWorkers({ workers }: House, signal: NodeJS.Signals): void {
  for (const { pid } of workers) process.kill(pid, signal);
}

/** Until their last slices are put away, too: a worker that is then made to stand still holds no lock. */
async function untilAllEnded({ pool }: House, ids: string[]): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ open: boolean; failed: number }>(
      `SELECT bool_or(finished_at IS NULL) OR EXISTS (
         SELECT FROM slice WHERE request_id = ANY($1) AND state IN ('queued', 'running')) AS open,
         sum(failed_count)::int AS failed
       FROM processing_request WHERE id = ANY($1)`,
      [ids],
    );
    const [{ open, failed }] = rows as [{ open: boolean; failed: number }];
    if (failed > 0) throw new Error(`${failed} images failed`);
    if (!open) return;
    await delay(LOOK_MS);
  }
}

async function middleRate({ pool }: House, ids: string[]): Promise<number> {
  const { rows } = await pool.query<{ rate: number }>(
    `WITH middle AS (
       SELECT percentile_disc($2::float8[]) WITHIN GROUP (ORDER BY finished_at) AS at
       FROM product_image WHERE request_id = ANY($1))
     SELECT count(*) / extract(epoch FROM at[2] - at[1])::float8 AS rate FROM middle, product_image
     WHERE request_id = ANY($1) AND finished_at > at[1] AND finished_at <= at[2] GROUP BY at`,
    [ids, MIDDLE],
  );
  return rows[0]!.rate;
}
