/** What was begun and must be gone in the end, whether all went well or somebody pressed Ctrl-C. */
export class Undo {
  private readonly steps = new Set<() => Promise<void>>();
  private over = false;

  /** Gives what takes the step now; it is taken once, however often it is called. */
  add(step: () => unknown): () => Promise<void> {
    let taken: Promise<void> | undefined;
    const take = (): Promise<void> => {
      this.steps.delete(take);
      return (taken ??= (async () => void (await step()))());
    };
    this.steps.add(take);
    // Begun by something that did not know yet that all is being undone.
    if (this.over) void take();
    return take;
  }

  /** Takes all steps that are left, the last one first. One that fails does not keep the others from it. */
  async all(): Promise<void> {
    this.over = true;
    for (const take of [...this.steps].toReversed()) {
      await take().catch((error: Error) => process.stderr.write(`not cleared away: ${error.message}\n`));
    }
  }
}
