import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { isTerminal } from '../requests/request-status.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { Completion } from './completion.js';
import { Dispatcher } from './dispatcher.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { RetriesService } from './retries.service.js';
import type { DuePass } from './slices.js';

/** What requests that are not terminal need when a wake-up got lost, or a process died between two steps. */
@Injectable()
export class OpenRequests {
  private readonly logger = new Logger('Reconciler');

  constructor(
    private readonly dataSource: DataSource,
    private readonly repository: ReconcilerRepository,
    private readonly requests: RequestsRepository,
    private readonly dispatcher: Dispatcher,
    private readonly completion: Completion,
    private readonly retries: RetriesService,
  ) {}

  /** Takes back slices of workers that went silent. */
  async takeBackExpired(): Promise<void> {
    const count = await this.enqueueAll(() => this.repository.takeBackExpired());
    if (count > 0) this.logger.warn(`took back ${count} slice(s) of workers that went silent`);
  }

  /** Wakes again for slices that nobody picked up for `pickUpMs`. */
  async wakeQueued(pickUpMs: number): Promise<void> {
    await this.enqueueAll(() => this.repository.queuedTooLong(pickUpMs));
  }

  /** Enqueues all slices that `next` gives, some at a time. Gives how many. */
  private async enqueueAll(next: () => Promise<DuePass[]>): Promise<number> {
    let count = 0;
    for (let slices = await next(); slices.length > 0; slices = await next()) {
      await this.dispatcher.enqueue(slices);
      count += slices.length;
    }
    return count;
  }

  async help(stopping: AbortSignal): Promise<void> {
    for (const { id, run } of await this.repository.needyRequests()) {
      if (stopping.aborted) return;
      // One that cannot be helped must not keep the others from it.
      await this.helpOne(id, run).catch((error: Error) =>
        this.logger.warn(`request ${id} has to wait for the next round: ${error.message}`),
      );
    }
  }

  /** Closes the request when it was forgotten, else opens what was, and fills its window. */
  private async helpOne(requestId: string, run: number): Promise<void> {
    // Its deliveries are woken later in the round.
    await this.dataSource.transaction((manager) => this.closeIfForgotten(manager, requestId, run));
    const next = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lock(manager, requestId);
      if (request?.run !== run || isTerminal(request.status)) return [];
      if (request.retriedTo !== null) return undefined;
      if (await this.repository.isWorkedOut(manager, requestId, run)) {
        await this.repository.reopenSlices(manager, requestId, run);
      }
      return this.dispatcher.fillWindow(manager, request);
    });
    if (next) await this.dispatcher.enqueue(next);
    else await this.retries.resume(requestId);
  }

  private async closeIfForgotten(manager: EntityManager, requestId: string, run: number): Promise<void> {
    const request = await this.requests.lock(manager, requestId);
    if (request?.run !== run || isTerminal(request.status) || request.retriedTo !== null) return;
    const finished = request.completedCount + request.failedCount >= request.imageCount;
    if (finished || (await this.repository.isWorkedOut(manager, requestId, run))) {
      await this.completion.closeIfFinished(manager, requestId);
    }
  }
}
