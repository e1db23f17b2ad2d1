import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { FairSemaphore, type Hold } from './fair-semaphore.js';

const MiB = 1024 ** 2;

/** What one worker process has in flight at most; requests share each limit in turn. */
@Injectable()
export class PipelineLimits {
  readonly downloads: FairSemaphore;
  /** Never more calls of sharp than threads set aside for them: others would wait for a thread, DNS look-ups too. */
  readonly encoders: FairSemaphore;
  /** Bytes that compressing may hold, by the compressor's own estimate. One that needs more than all of it runs alone. */
  readonly memory: FairSemaphore;
  private readonly bytes: FairSemaphore;

  constructor(private readonly env: Env) {
    this.downloads = new FairSemaphore(env.fetchConcurrency);
    this.encoders = new FairSemaphore(env.workerConcurrency);
    this.memory = new FairSemaphore(Math.max(256 * MiB, 6 * env.maxImagePixels));
    this.bytes = new FairSemaphore(Math.max(128 * MiB, 8 * env.maxImageBytes));
  }

  /**
   * Room for one source: taken when its headers are there, for the length they promise, given back when its output is
   * stored. When they promise none, for a quarter of the largest: all of it would let a few slow senders that do so
   * stop every other download.
   */
  reserveBytes(requestId: string, signal: AbortSignal) {
    let hold: Hold | undefined;
    return {
      admit: async (contentLength: number | undefined): Promise<void> => {
        hold = await this.bytes.acquire(requestId, contentLength ?? this.env.maxImageBytes / 4, signal);
      },
      shrink: (bytes: number): void => hold?.shrink(bytes),
      release: (): void => hold?.release(),
    };
  }
}
