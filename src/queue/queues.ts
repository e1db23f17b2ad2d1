import type { Env } from '../config/env.js';

/** Work this slice, if it is still in this pass. */
interface SliceJob {
  requestId: string;
  run: number;
  slice: number;
  pass: number;
}

/** What each queue's jobs carry: ids only. A job is a wake-up; what there is to do stands in PostgreSQL. */
export interface QueueJobs {
  slices: SliceJob;
  /** Slices of a few images: neither the jobs of a large request are before them, nor do its slices hold their slots. */
  'small-slices': SliceJob;
  /** Send what is due at this endpoint. */
  deliveries: { endpointId: string };
}

export type QueueName = keyof QueueJobs;

export interface Job<Q extends QueueName> {
  /** A job of an id that is waiting, delayed or running is not added again. No colon, not only digits. */
  id: string;
  data: QueueJobs[Q];
  delayMs?: number;
}

/** How a queue's worker treats its jobs; every queue declares all of it. */
interface QueueBehaviour {
  /** Jobs that one process has in its hands at once. */
  concurrency: (env: Env) => number;
  /** How long BullMQ keeps a silent worker's job from others, in ms. A repeated wake-up finds nothing to do. */
  lockDuration: number;
  stalledInterval: number;
  /** Jobs of one process that may go on beside the queue at once, without a slot: those that only wait for somebody. */
  aside: number;
}

/**
 * Slices that a worker has in its hands at once: a quarter of its downloads. A slice holds at most 25 images, so this
 * is enough to keep every download busy while some slices drain, also when a small request has slices of one image.
 */
export const sliceSlots = (env: Env): number => Math.max(4, Math.ceil(env.fetchConcurrency / 4));

export const QUEUE_BEHAVIOUR: Record<QueueName, QueueBehaviour> = {
  // Short, because a worker that dies between taking a job and claiming its slice leaves a job that keeps the next
  // wake-up of the same id out: for as long as the lock, and two looks.
  slices: { concurrency: sliceSlots, lockDuration: 10_000, stalledInterval: 5000, aside: 512 },
  'small-slices': { concurrency: sliceSlots, lockDuration: 10_000, stalledInterval: 5000, aside: 512 },
  // An endpoint that answers takes milliseconds. One that hangs costs the others a second of one slot of many; known
  // ones are 128 at most (webhooks/slow-places.ts), so that half of the slots stay free of them.
  deliveries: {
    concurrency: () => 256,
    lockDuration: 60_000,
    stalledInterval: 30_000,
    aside: 512,
  },
};
export const QUEUE_NAMES = Object.keys(QUEUE_BEHAVIOUR) as QueueName[];
