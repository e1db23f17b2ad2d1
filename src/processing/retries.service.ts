import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem } from '../errors/problem.js';
import { OpenLimits } from '../requests/open-limits.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { isTerminal } from '../requests/request-status.js';
import { Dispatcher } from './dispatcher.js';
import { RetriesRepository } from './retries.repository.js';

/** How long (ms) the caller waits for a huge request; the reconciler goes on with what it has more. */
const PATIENCE = 5000;

/** Begins the next run of a request. */
@Injectable()
export class RetriesService {
  private readonly logger = new Logger('Request');

  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly limits: OpenLimits,
    private readonly retries: RetriesRepository,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** Failed and cancelled images become pending again. Throws `not_found`, `not_terminal`, `nothing_to_retry`, `too_many_open`. */
  async retry(ownerId: string, id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lockOwn(manager, ownerId, id);
      if (!request) throw new Problem('not_found', 'There is no request with this id.');
      if (!isTerminal(request.status)) {
        throw new Problem('not_terminal', `It is ${request.status}: it can be retried when it has ended.`);
      }
      if (request.completedCount === request.imageCount) {
        throw new Problem('nothing_to_retry', `All ${request.imageCount} images are completed.`);
      }
      await this.requests.beginNextRun(manager, id);
      await this.limits.assertKept(manager, ownerId);
      const open = request.imageCount - request.completedCount;
      this.logger.log(`request ${id} retried: run ${request.run + 1} has ${open} images`);
    });
    // The run has begun: what breaks off here is gone on with by the reconciler.
    await this.resume(id).catch((error: Error) =>
      this.logger.warn(`the retry of request ${id} goes on later: ${error.message}`),
    );
  }

  /** Goes on with a retry that has begun; when all its images are pending, its slices are put on the queue. */
  async resume(id: string): Promise<void> {
    const end = performance.now() + PATIENCE;
    let done: boolean;
    do done = await this.reopenBatch(id);
    while (!done && performance.now() < end);
  }

  /** Gives true when there is no more to do. */
  private async reopenBatch(id: string): Promise<boolean> {
    const slices = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lock(manager, id);
      // Somebody else was at it too, or it was cancelled meanwhile.
      if (!request || request.retriedTo === null) return [];
      if (!(await this.retries.reopenBatch(manager, request))) return undefined;
      return this.dispatcher.fillWindow(manager, request);
    });
    if (slices) await this.dispatcher.enqueue(slices);
    return slices !== undefined;
  }
}
