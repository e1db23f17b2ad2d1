import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { DownloadSlots } from './download-slots.js';
import { FairSemaphore, type Hold } from './fair-semaphore.js';
import { ImageError } from './image-error.js';
import { memoryBudget, type MemoryBudget } from './memory-budget.js';
import { SourceMemory, type SourceRoom } from './memory-of-sources.js';

const MB = 1_000_000;

/** What one worker process has in flight at most; requests share each limit in turn. */
@Injectable()
export class PipelineLimits {
  readonly downloads: DownloadSlots;
  /** Never more calls of sharp than threads set aside for them: others would wait for a thread, DNS look-ups too. */
  readonly encoders: FairSemaphore;
  private readonly budget: MemoryBudget;
  private readonly pictures: FairSemaphore;
  private readonly sources: SourceMemory;

  constructor(private readonly env: Env) {
    this.downloads = new DownloadSlots(env.fetchConcurrency);
    this.encoders = new FairSemaphore(env.workerConcurrency);
    this.budget = memoryBudget(env);
    this.pictures = new FairSemaphore(this.budget.pictures);
    this.sources = new SourceMemory(this.budget.sources, env.maxImageBytes);
  }

  /** For one source, from the headers of its answer until its output is stored. */
  sourceRoom(requestId: string, signal: AbortSignal): SourceRoom {
    return this.sources.room(requestId, signal);
  }

  /**
   * For what compressing a picture holds, by the compressor's own estimate. One that needs more than all of it runs
   * alone. It does not, and this throws `too_many_pixels`, when WORKER_MEMORY is set: then it may be all there is, and
   * a picture that ends the process takes the others with it, each time.
   */
  async pictureRoom(requestId: string, bytes: number, signal: AbortSignal): Promise<Hold> {
    const { pictures } = this.budget;
    if (this.env.workerMemory !== undefined && bytes > pictures) {
      throw new ImageError(
        'too_many_pixels',
        `The image would take ${Math.ceil(bytes / MB)} MB of memory; at most ${Math.floor(pictures / MB)} MB are allowed.`,
      );
    }
    return this.pictures.acquire(requestId, bytes, signal);
  }
}
