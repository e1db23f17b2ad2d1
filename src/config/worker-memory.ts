const MiB = 1024 ** 2;
/** Of a worker without a picture, after work: Node and what is loaded, and what V8 has not given back yet. */
const PROCESS = 224 * MiB;
/** For each encoder what malloc keeps between blocks: with half of it, four of them exceeded the bound by 27 MiB. */
const BETWEEN = 32 * MiB;
/** With more than one encoder start.cts lets V8 collect later. */
const COLLECTED_LATER = 64 * MiB;

/** What a worker takes beside the images that it has in flight, in bytes. */
export function processMemory(workerConcurrency: number): number {
  return PROCESS + workerConcurrency * BETWEEN + (workerConcurrency > 1 ? COLLECTED_LATER : 0);
}
