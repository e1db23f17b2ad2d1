import { setMaxListeners } from 'node:events';
import { FetchError } from './fetch-error.js';

/**
 * One time limit over several steps, that can stand still in between. Its signal aborts with the FetchError to be
 * thrown: `timeout` when the time is over, `aborted` when the caller's own signal was first.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private startedAt: number;
  private timer: NodeJS.Timeout;

  constructor(
    private remainingMs: number,
    private readonly caller?: AbortSignal,
  ) {
    this.resume();
    if (!caller) return;
    // One signal stops all downloads of a process; Node warns from the eleventh listener on.
    setMaxListeners(Infinity, caller);
    caller.addEventListener('abort', this.giveUp);
    if (caller.aborted) this.giveUp();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  resume(): void {
    this.startedAt = performance.now();
    this.timer = setTimeout(() => this.controller.abort(new FetchError('timeout')), this.remainingMs);
  }

  pause(): void {
    clearTimeout(this.timer);
    this.remainingMs -= performance.now() - this.startedAt;
  }

  /** The result of `work`, or the deadline's error as soon as it is over, even when `work` does not heed the signal. */
  async limit<T>(work: Promise<T>): Promise<T> {
    let onAbort: (() => void) | undefined;
    const over = new Promise<never>((_, reject) => {
      onAbort = () => reject(this.signal.reason as FetchError);
      this.signal.addEventListener('abort', onAbort);
      if (this.signal.aborted) onAbort();
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      this.signal.removeEventListener('abort', onAbort!);
    }
  }

  /** To be called when the work is done: no timer and no listener stays. */
  end(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.giveUp);
  }

  private readonly giveUp = (): void => {
    this.controller.abort(new FetchError('aborted', { cause: this.caller?.reason }));
  };
}
