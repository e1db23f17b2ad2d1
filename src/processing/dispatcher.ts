import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { JobQueues } from '../queue/job-queues.js';
import { RequestsRepository, type LockedRun } from '../requests/requests.repository.js';
import { jobId, queueOf, sliceSize, windowSize, type DuePass } from './slices.js';
import { SlicesRepository, type ClaimedSlice } from './slices.repository.js';
import { WorkersRepository } from './workers.repository.js';

type OpenRun = Omit<LockedRun, 'status'>;

/** A wake-up is a moment late rather than early: the queue's clock is not the database's. */
const CLOCK_MARGIN = 100;

/** Decides which slices of a request are on the queue: a window of them, so that requests take turns. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly slices: SlicesRepository,
    private readonly workers: WorkersRepository,
    private readonly queues: JobQueues,
  ) {}

  /** Cuts a new run into slices. Gives those to enqueue after the commit. */
  async begin(
    manager: EntityManager,
    requestId: string,
    run: number,
    imageCount: number,
  ): Promise<DuePass[]> {
    await this.slices.create(manager, requestId, run, imageCount, sliceSize(imageCount));
    return this.fillWindow(manager, { id: requestId, run, imageCount });
  }

  /** Moves the next due slices into the window. The caller holds the request's lock and enqueues after the commit. */
  async fillWindow(manager: EntityManager, { id, run, imageCount }: OpenRun): Promise<DuePass[]> {
    const window = windowSize(await this.workers.slotsAlive(manager), imageCount);
    return this.slices.fillWindow(manager, id, run, window);
  }

  /** Puts on the queue what can go next while the slice goes on beside it. */
  async refill({ requestId, run }: ClaimedSlice): Promise<void> {
    const next = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lockRun(manager, requestId);
      return isOpen(request, run) ? this.fillWindow(manager, request) : [];
    });
    await this.enqueue(next);
  }

  /** Ends a pass of a slice, and puts on the queue what can go next: other slices, and its own next pass. */
  async endPass(slice: ClaimedSlice): Promise<void> {
    const { own, next } = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lockRun(manager, slice.requestId);
      const ended = await this.slices.endPass(manager, slice);
      if (!isOpen(request, slice.run)) return { next: [] };
      return { own: ended, next: await this.fillWindow(manager, request) };
    });
    await this.enqueue(next);
    if (own?.state !== 'waiting') return;
    const images = slice.lastPosition - slice.firstPosition + 1;
    await this.enqueue([{ ...slice, pass: own.pass, images }], own.delayMs + CLOCK_MARGIN);
  }

  /** Puts the wake-ups of slices on the queue, best effort; what is there already stays as it is. */
  async enqueue(passes: DuePass[], delayMs = 0): Promise<void> {
    const jobs = passes.map(({ requestId, run, slice, pass, images }) => {
      const data = { requestId, run, slice, pass };
      return { queue: queueOf(images), job: { id: jobId(data), data, delayMs } };
    });
    for (const name of ['small-slices', 'slices'] as const) {
      const ofQueue = jobs.filter(({ queue }) => queue === name);
      await this.queues.enqueue(
        name,
        ofQueue.map(({ job }) => job),
      );
    }
  }
}

function isOpen(request: LockedRun | undefined, run: number): request is LockedRun {
  return request?.run === run && request.status === 'processing';
}
