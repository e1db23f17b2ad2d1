import { setMaxListeners } from 'node:events';
import { AdaptiveLimit, type PlaceResult } from './adaptive-limit.js';

/** The right to one download from a host. It has to be left exactly once. */
export interface HostPlace {
  leave(result: PlaceResult): void;
}

/** The places of one host, and who waits for one, first come first served. */
export class HostPlaces {
  private readonly limit: AdaptiveLimit;
  private readonly waiting = new Set<() => void>();
  private taken = 0;

  constructor(
    highest: number,
    /** Called when nobody is in and nobody waits. */
    private readonly onIdle: () => void,
  ) {
    this.limit = new AdaptiveLimit(highest);
  }

  /** Whether there is something to remember of this host. */
  get isStrained(): boolean {
    return this.limit.current < this.limit.highest;
  }

  /** A place; undefined when none came free within `waitMs`. Rejects with the signal's reason when it aborts. */
  async enter(signal: AbortSignal, waitMs: number): Promise<HostPlace | undefined> {
    if (this.hasRoom()) return this.take();
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        this.waiting.delete(onRoom);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const onRoom = (): void => {
        stopWaiting();
        resolve(this.take());
      };
      const onAbort = (): void => {
        stopWaiting();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        stopWaiting();
        resolve(undefined);
      }, waitMs);
      this.waiting.add(onRoom);
      // One signal stops all who wait; Node warns from the eleventh listener on.
      setMaxListeners(Infinity, signal);
      signal.addEventListener('abort', onAbort);
    });
  }

  private hasRoom(): boolean {
    return this.taken < this.limit.current;
  }

  private take(): HostPlace {
    this.taken += 1;
    const { falls } = this.limit;
    return {
      leave: (result) => {
        this.taken -= 1;
        this.limit.record(result, falls);
        this.admitWaiting();
        if (this.taken === 0) this.onIdle();
      },
    };
  }

  private admitWaiting(): void {
    for (const onRoom of this.waiting) {
      if (!this.hasRoom()) return;
      onRoom();
    }
  }
}
