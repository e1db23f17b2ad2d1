/** How many slow endpoints a process is at. They go on beside the queue (queues.ts), and leave others their places there. */
const PLACES = 128;
/** Endpoints that wait in line for a place; the reconciler wakes those beyond it. */
const LINE = 1000;

/** Endpoints whose last attempt failed or took long: they share some places, so that any number of them harms no other. */
export class SlowPlaces {
  private taken = 0;
  private readonly line = new Set<string>();

  /** False when all places are taken; the endpoint then stands in line. */
  take(endpointId: string): boolean {
    if (this.taken < PLACES) {
      this.taken += 1;
      this.line.delete(endpointId);
      return true;
    }
    if (this.line.size < LINE) this.line.add(endpointId);
    return false;
  }

  /** Gives a place back, and the endpoints to wake for it: the first in line, if there is a line. */
  free(): string[] {
    this.taken -= 1;
    const [first] = this.line;
    if (first === undefined) return [];
    this.line.delete(first);
    return [first];
  }
}
