import type { Env } from '../config/env.js';
import { processMemory } from '../config/worker-memory.js';

const MiB = 1024 ** 2;

/** What a worker's images may hold at most, in bytes. */
export interface MemoryBudget {
  /** Sources, from their download until their output is stored. */
  sources: number;
  /** What is held beside them to decode and encode. */
  pictures: number;
}

/** What a worker takes at most, in bytes: by default with room for 12 megapixels in each encoder and for two of the largest sources. */
export function memoryBound({ workerMemory, workerConcurrency, maxImageBytes }: Env): number {
  const least = processMemory(workerConcurrency) + 8 * maxImageBytes;
  return workerMemory ?? Math.max((368 + 144 * workerConcurrency) * MiB, least);
}

export function memoryBudget(env: Env): MemoryBudget {
  const inFlight = memoryBound(env) - processMemory(env.workerConcurrency);
  return { sources: inFlight / 4, pictures: (inFlight / 4) * 3 };
}
