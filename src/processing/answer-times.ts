/** Weight of the newest answer in the mean. */
const NEWEST = 1 / 8;

/** How long a host takes to answer: by what it has answered, and by what it leaves unanswered. */
export class AnswerTimes {
  private mean = 0;
  private asked = 0;
  /** When it last answered, or was asked anew after it had answered all. */
  private lastSign = 0;

  /** Call what it gives once: at the answer, or when there will be none. */
  ask(): () => void {
    const begin = performance.now();
    if (this.asked === 0) this.lastSign = begin;
    this.asked += 1;
    return () => {
      this.asked -= 1;
      this.lastSign = performance.now();
      const time = this.lastSign - begin;
      this.mean = this.mean === 0 ? time : this.mean + (time - this.mean) * NEWEST;
    };
  }

  /**
   * What an answer takes, in ms; 0 when nothing is known. Of a host that leaves all `downloads` under way without an
   * answer, not less than it has been silent.
   */
  expected(downloads: number): number {
    const isSilent = downloads > 0 && this.asked >= downloads;
    return Math.max(this.mean, isSilent ? performance.now() - this.lastSign : 0);
  }
}
