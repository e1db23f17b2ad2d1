import { FairSemaphore, type Hold } from './fair-semaphore.js';

/** Taken for a source that comes without a length (bytes): hardly one of a shop is longer. */
const FIRST_PART = 1024 ** 2;

/** The room of one source. Every number is the source's length so far or in all, in bytes. */
export interface SourceRoom {
  /** Resolves when there is room for `contentLength`, or for the first part of who does not know. */
  admit: (contentLength: number | undefined) => Promise<void>;
  /** Undefined while there is room for `length`; else a promise, until which no more may be read. */
  grow: (length: number) => Promise<void> | undefined;
  /** The source is there: gives back what it does not need. */
  settle: (length: number) => void;
  release: () => void;
}

/**
 * Limits the bytes of sources in flight. Who does not know its length takes a first part, and whoever turns out to be
 * longer waits for one of few places with room for the largest: so a holder of a part waits for those only who can go
 * on to their end, and many long ones hold no more than the budget.
 */
export class SourceMemory {
  private readonly bytes: FairSemaphore;
  private readonly places: FairSemaphore;

  /** `budget` is at least twice `maxImageBytes`. */
  constructor(budget: number, maxImageBytes: number) {
    const places = Math.max(1, Math.floor(budget / 4 / maxImageBytes));
    this.places = new FairSemaphore(places);
    this.bytes = new FairSemaphore(budget - places * maxImageBytes);
  }

  /** Requests share the room in turn. Waiting ends with the signal's reason when that aborts. */
  room(requestId: string, signal: AbortSignal): SourceRoom {
    const holds: Hold[] = [];
    const over = new AbortController();
    let counted = 0;
    let hasPlace = false;
    const take = async (from: FairSemaphore, weight: number, until: AbortSignal): Promise<void> => {
      const hold = await from.acquire(requestId, weight, until);
      holds.push(hold);
      if (over.signal.aborted) hold.release();
    };
    /** Passes the place on as soon as there is room elsewhere. */
    const moveOut = async (length: number): Promise<void> => {
      const [, place] = holds;
      await take(this.bytes, length - FIRST_PART, over.signal);
      place!.release();
    };
    return {
      admit: async (contentLength) => {
        counted = contentLength ?? FIRST_PART;
        await take(this.bytes, counted, signal);
      },
      grow: (length) => {
        if (length <= counted) return undefined;
        counted = Infinity;
        hasPlace = true;
        return take(this.places, 1, signal);
      },
      settle: (length) => {
        if (hasPlace)
          moveOut(length).catch(() => {}); // released before there was room
        else for (const hold of holds) hold.shrink(length);
      },
      release: () => {
        over.abort();
        for (const hold of holds) hold.release();
      },
    };
  }
}
