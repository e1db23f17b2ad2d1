/** The jobs of a queue that go on beside it: they have answered their wake-up, and only wait for somebody outside. */
export class AsideJobs {
  private readonly jobs = new Set<Promise<void>>();

  /** No more than `limit` at once: the others keep their slots. */
  constructor(private readonly limit: number) {}

  /** Runs a job that does not reject. Resolves when its slot is free: it has ended, or stepped aside. */
  run(job: (stepAside: () => void) => Promise<void>): Promise<void> {
    return new Promise((freeSlot) => {
      let ended = false;
      const stepAside = (): void => {
        if (ended || this.jobs.size >= this.limit) return;
        this.jobs.add(running);
        freeSlot();
      };
      const running = Promise.resolve()
        .then(() => job(stepAside))
        .finally(() => {
          ended = true;
          this.jobs.delete(running);
          freeSlot();
        });
    });
  }

  async ended(): Promise<void> {
    await Promise.all(this.jobs);
  }
}
