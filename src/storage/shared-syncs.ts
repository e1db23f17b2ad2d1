import { syncDirectory } from './sync-directory.js';

/** Of one directory: the sync that runs, and the one after it, which will have seen all that came meanwhile. */
interface Syncs {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/**
 * Syncs directories for many at once. Who comes while a sync runs cannot know whether it has seen his name; he waits for
 * the next one, together with all who come until then.
 */
export class SharedSyncs {
  private readonly directories = new Map<string, Syncs>();

  constructor(private readonly sync: (directory: string) => Promise<void> = syncDirectory) {}

  /** Resolves when every name that was in the directory at the call would survive a power cut. */
  run(directory: string): Promise<void> {
    const syncs = this.directories.get(directory);
    if (!syncs) return this.begin(directory);
    syncs.next ??= syncs.running.catch(() => undefined).then(() => this.begin(directory));
    return syncs.next;
  }

  private begin(directory: string): Promise<void> {
    const syncs: Syncs = { running: this.sync(directory), next: undefined };
    this.directories.set(directory, syncs);
    const forget = (): void => {
      // The next one has taken its place, or is about to.
      if (!syncs.next) this.directories.delete(directory);
    };
    syncs.running.then(forget, forget);
    return syncs.running;
  }
}
