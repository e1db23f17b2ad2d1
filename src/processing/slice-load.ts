/** What of a slice needs this process at the moment: when that is nothing any more, it need not hold a slot. */
export class SliceLoad {
  private readonly here: Set<number>;
  private readonly atHost = new Set<number>();

  /** `onNone` may be called more than once; `waits`: some of the images wait for their hosts, perhaps for long. */
  constructor(
    positions: number[],
    private readonly onNone: (waits: boolean) => void,
  ) {
    this.here = new Set(positions);
  }

  hostWait(position: number, waits: boolean): void {
    if (!waits) {
      this.atHost.delete(position);
      this.here.add(position);
      return;
    }
    this.atHost.add(position);
    this.leave(position);
  }

  /** The image only has to be recorded yet. */
  done(position: number): void {
    this.atHost.delete(position);
    this.leave(position);
  }

  private leave(position: number): void {
    if (this.here.delete(position) && this.here.size === 0) this.onNone(this.atHost.size > 0);
  }
}
