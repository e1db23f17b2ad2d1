export type PlaceResult = 'ok' | 'overloaded' | 'failed';

/** A host under strain still gets this many: with fewer, one slow answer would hold up everything behind it. */
const LOWEST = 4;

/** How many downloads a host bears at once: halved when it is overloaded, one more after as many successes in a row as it has places. */
export class AdaptiveLimit {
  current: number;
  /** Counts the falls. One strain fails many downloads that began before it; they must not halve the limit once each. */
  falls = 0;
  private successes = 0;

  constructor(readonly highest: number) {
    this.current = highest;
  }

  /** Takes in how a download ended that began when there had been `falls` falls. */
  record(result: PlaceResult, falls: number): void {
    if (result === 'overloaded') {
      this.successes = 0;
      if (falls === this.falls) this.fall();
    } else if (result === 'ok' && this.current < this.highest) {
      this.successes += 1;
      if (this.successes >= this.current) this.rise();
    }
  }

  private fall(): void {
    this.falls += 1;
    this.current = Math.max(Math.floor(this.current / 2), Math.min(LOWEST, this.highest));
  }

  private rise(): void {
    this.successes = 0;
    this.current += 1;
  }
}
