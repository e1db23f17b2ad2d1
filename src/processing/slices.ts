/** A small request spreads over all workers, a large one stays cheap: at most 64 slices, or slices of 25 images. */
const SPREAD = 64;
const LARGEST = 25;
/** A slice of this many images costs a worker hardly more than one of one; and jobs are fetched one by one. */
const SMALLEST = 3;
/** Workers that share a request of a few images. */
const SHARERS = 4;
/** A slice of no more images than this is small: it holds up nobody, and has a queue of its own. */
const SMALL = 5;
/** What is queued while no worker is known to be alive: enough for the first one that comes. */
const SMALLEST_WINDOW = 16;

/** Images of one slice of a request with `imageCount` images. */
export function sliceSize(imageCount: number): number {
  const smallest = Math.min(Math.ceil(imageCount / SHARERS), SMALLEST);
  return Math.min(Math.max(Math.ceil(imageCount / SPREAD), smallest), LARGEST);
}

/**
 * Slices of one request that may be queued, for the slots of all workers alive: as many again as may be running. Of a
 * request of small ones all.
 */
export function windowSize(slots: number, imageCount: number): number {
  return imageCount <= SMALL * SPREAD ? SPREAD : Math.max(slots, SMALLEST_WINDOW);
}

/** The queue for a slice of so many images. */
export function queueOf(images: number): 'slices' | 'small-slices' {
  return images <= SMALL ? 'small-slices' : 'slices';
}

/** Names one pass of one slice; a job carries it, a worker claims by it, and it fences whoever comes late. */
export interface SlicePass {
  requestId: string;
  run: number;
  slice: number;
  pass: number;
}

/** A pass that is to be put on the queue, and how many images its slice has. */
export interface DuePass extends SlicePass {
  images: number;
}

export function jobId({ requestId, run, slice, pass }: SlicePass): string {
  return `${requestId}-${run}-${slice}-${pass}`;
}
