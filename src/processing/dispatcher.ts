import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { JobQueues } from '../queue/job-queues.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { jobId, sliceSize, windowSize, type SlicePass } from './slices.js';
import { SlicesRepository, type ClaimedSlice } from './slices.repository.js';
import { WorkersRepository } from './workers.repository.js';

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
  ): Promise<SlicePass[]> {
    await this.slices.create(manager, requestId, run, imageCount, sliceSize(imageCount));
    return this.fillWindow(manager, requestId, run);
  }

  /** Moves the next due slices into the window. The caller holds the request's lock and enqueues after the commit. */
  async fillWindow(manager: EntityManager, requestId: string, run: number): Promise<SlicePass[]> {
    const window = windowSize(await this.workers.slotsAlive(manager));
    return this.slices.fillWindow(manager, requestId, run, window);
  }

  /** Ends a pass of a slice, and puts on the queue what can go next: other slices, and its own next pass. */
  async endPass(slice: ClaimedSlice): Promise<void> {
    const { own, next } = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lock(manager, slice.requestId);
      const ended = await this.slices.endPass(manager, slice);
      if (request?.run !== slice.run || request.status !== 'processing') return { next: [] };
      return { own: ended, next: await this.fillWindow(manager, slice.requestId, slice.run) };
    });
    await this.enqueue(next);
    if (own?.state !== 'waiting') return;
    await this.enqueue([{ ...slice, pass: own.pass }], own.delayMs + CLOCK_MARGIN);
  }

  /** Puts the wake-ups of slices on the queue, best effort; what is there already stays as it is. */
  async enqueue(passes: SlicePass[], delayMs = 0): Promise<void> {
    const jobs = passes.map(({ requestId, run, slice, pass }) => {
      const data = { requestId, run, slice, pass };
      return { id: jobId(data), data, delayMs };
    });
    await this.queues.enqueue('slices', jobs);
  }
}
