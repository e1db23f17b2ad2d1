/** A small request spreads over all workers, a large one stays cheap: at most 64 slices, or slices of 25 images. */
const SPREAD = 64;
const LARGEST = 25;

/** Images of one slice of a request with `imageCount` images. */
export function sliceSize(imageCount: number): number {
  return Math.min(Math.max(Math.ceil(imageCount / SPREAD), 1), LARGEST);
}

/** Slices of one request that may be queued or running, for the slots of all workers alive. */
export function windowSize(slots: number): number {
  return Math.max(2 * slots, SMALLEST_WINDOW);
}
/** What is queued while no worker is known to be alive: enough for the first one that comes. */
const SMALLEST_WINDOW = 32;

/** Names one pass of one slice; a job carries it, a worker claims by it, and it fences whoever comes late. */
export interface SlicePass {
  requestId: string;
  run: number;
  slice: number;
  pass: number;
}

export function jobId({ requestId, run, slice, pass }: SlicePass): string {
  return `${requestId}-${run}-${slice}-${pass}`;
}
