/** Looks in a row that find jobs beside a free place: a worker that hears its queue takes them at once. */
const LAST_LOOK = 6;

/**
 * Notices that a worker does not hear its queue any more. There is no known way into that state; but a process that
 * lives, is called healthy and does nothing would be the worst of all faults.
 */
export class IdleWatch {
  private busy = 0;
  private looks = 0;

  /** `countWaiting` asks the queue's store; it rejects when that is away, and then nobody could hear anything. */
  constructor(
    private readonly places: number,
    private readonly countWaiting: () => Promise<number>,
  ) {}

  taken(): void {
    this.busy += 1;
    this.looks = 0;
  }

  ended(): void {
    this.busy -= 1;
  }

  /** One look, to be repeated every now and then. By their number, not by the time: that goes on while a process stands still. */
  async isDeaf(): Promise<boolean> {
    const waiting = this.busy < this.places ? await this.countWaiting().catch(() => 0) : 0;
    this.looks = waiting === 0 ? 0 : this.looks + 1;
    return this.looks >= LAST_LOOK;
  }
}
