import { setMaxListeners } from 'node:events';
import { AdaptiveLimit, type PlaceResult } from './adaptive-limit.js';
import { AnswerTimes } from './answer-times.js';
import { Turns } from './turns.js';

/** The right to one download from a host. It has to be left exactly once. */
export interface HostPlace {
  /** The host takes long to answer: nobody should wait for that. */
  isSlow: boolean;
  /** The host is asked now. */
  ask(): void;
  /** It has answered; called again, it says nothing. */
  answered(): void;
  leave(result: PlaceResult): void;
}

export interface HostEntry {
  /** Who wants the place: those who wait are grouped by it, and the groups are served in turn. */
  key: string;
  signal: AbortSignal;
  /** The longest that it may take to get one, in ms. At a slow host it is SLOW. */
  waitMs: number;
}

/** A host that takes longer than this (ms) to answer is slow: it is better to come back than to wait there. */
const SLOW = 1000;
/** Those who wait look this often (ms) whether it is worth while. */
const LOOK_EVERY = 1000;
/** When to come back, in ms: at the soonest, and at the latest, because a host may recover. */
const SOONEST = 1000;
const LATEST = 60_000;

/** The places of one host, and who waits for one. */
export class HostPlaces {
  private readonly limit: AdaptiveLimit;
  private readonly answers = new AnswerTimes();
  private readonly waiting = new Turns<() => void>();
  private taken = 0;
  /** Until then those who were sent away have enough to do for all places. */
  private bookedUntil = 0;

  constructor(
    highest: number,
    /** Called when nobody is in and nobody waits. */
    private readonly onIdle: () => void,
  ) {
    this.limit = new AdaptiveLimit(highest);
  }

  /** Whether there is something to remember of this host. */
  get isTroubled(): boolean {
    return this.limit.current < this.limit.highest || this.isSlow;
  }

  /** A place; undefined when there is none within the time. Rejects with the signal's reason when it aborts. */
  async enter({ key, signal, waitMs }: HostEntry): Promise<HostPlace | undefined> {
    if (this.hasRoom()) return this.take();
    const end = performance.now() + waitMs;
    const isWorthWhile = (): boolean => {
      const left = end - performance.now();
      return left > 0 && this.expectedWait() <= (this.isSlow ? Math.min(left, SLOW) : left);
    };
    if (!isWorthWhile()) return undefined;
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        this.waiting.remove(key, onRoom);
        clearInterval(timer);
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
      const look = (): void => {
        if (isWorthWhile()) return;
        stopWaiting();
        resolve(undefined);
      };
      const timer = setInterval(look, Math.min(LOOK_EVERY, waitMs));
      this.waiting.add(key, onRoom);
      // One signal stops all who wait; Node warns from the eleventh listener on.
      setMaxListeners(Infinity, signal);
      signal.addEventListener('abort', onAbort);
    });
  }

  /** When to come back who was sent away, in ms: one after the other, as fast as the host answers. */
  comeBackIn(): number {
    const now = performance.now();
    const first = Math.max(this.bookedUntil, now + this.expectedWait());
    this.bookedUntil = Math.min(first + this.timeOfOne(), now + LATEST);
    // Some later than others, or all those at the limit would come together.
    return Math.max(this.bookedUntil - now, SOONEST) * (1 + Math.random() / 4);
  }

  private get isSlow(): boolean {
    return this.answers.expected(this.taken) > SLOW;
  }

  /** Until the next one who would wait now gets a place, in ms. */
  private expectedWait(): number {
    return this.waiting.size * this.timeOfOne();
  }

  /** Between two places that come free, in ms. */
  private timeOfOne(): number {
    return this.answers.expected(this.taken) / this.limit.current;
  }

  private hasRoom(): boolean {
    return this.taken < this.limit.current;
  }

  private take(): HostPlace {
    const { isSlow } = this;
    this.taken += 1;
    const { falls } = this.limit;
    let answered: (() => void) | undefined;
    const place = {
      isSlow,
      ask: () => void (answered = this.answers.ask()),
      answered: () => {
        answered?.();
        answered = undefined;
      },
      leave: (result: PlaceResult) => {
        place.answered();
        this.taken -= 1;
        this.limit.record(result, falls);
        while (this.hasRoom() && this.waiting.size > 0) this.waiting.shift()!();
        if (this.taken === 0) this.onIdle();
      },
    };
    return place;
  }
}
