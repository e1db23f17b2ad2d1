import { Turns } from './turns.js';

interface Waiter {
  weight: number;
  admit: () => void;
}

/** A share of the semaphore's capacity. Releasing it twice is harmless. */
export interface Hold {
  /** Gives back all but `weight`. */
  shrink(weight: number): void;
  release(): void;
}

/**
 * Limits what is in flight in this process: places, bytes or pixels. Those who wait are grouped by a key, and the
 * groups are served in turn, one waiter each: a request of ten images does not queue behind one of a million.
 */
export class FairSemaphore {
  private free: number;
  private readonly waiting = new Turns<Waiter>();

  constructor(private readonly capacity: number) {
    this.free = capacity;
  }

  /** More than the whole capacity counts as all of it. Rejects with the signal's reason when it aborts first. */
  async acquire(key: string, weight: number, signal: AbortSignal): Promise<Hold> {
    signal.throwIfAborted();
    const wanted = Math.min(weight, this.capacity);
    if (this.waiting.size === 0 && wanted <= this.free) this.free -= wanted;
    else await this.wait(key, wanted, signal);
    return this.hold(wanted);
  }

  private wait(key: string, weight: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.remove(key, waiter);
        reject(signal.reason as Error);
        this.admitNext();
      };
      const waiter: Waiter = {
        weight,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.add(key, waiter);
    });
  }

  private hold(weight: number): Hold {
    let held = weight;
    const shrink = (to: number) => {
      this.free += Math.max(held - to, 0);
      held = Math.min(held, to);
      this.admitNext();
    };
    return { shrink, release: () => shrink(0) };
  }

  /** The first in turn is served or waited for, never passed over: a large one would starve behind small ones. */
  private admitNext(): void {
    for (let next = this.waiting.first(); next; next = this.waiting.first()) {
      if (next.weight > this.free) return;
      this.free -= next.weight;
      this.waiting.shift();
      next.admit();
    }
  }
}
