import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RequestsRepository } from '../requests/requests.repository.js';
import { DueDeliveries } from '../webhooks/due-deliveries.js';
import { EndpointCleanup } from '../webhooks/endpoint-cleanup.js';
import { Completion } from './completion.js';
import { Dispatcher } from './dispatcher.js';
import { ReconcilerRepository } from './reconciler.repository.js';

/** Between two rounds in ms, ±20 %, so that the workers' timers do not beat together. */
const INTERVAL = 15_000;

/**
 * Makes up for every wake-up that got lost: a flushed queue, a crash between commit and enqueue, a killed worker and a
 * lost notification are one and the same case. A timer in every worker process; one of them at a time does the work, and
 * no queue takes part.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Reconciler');
  private timer: NodeJS.Timeout;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly repository: ReconcilerRepository,
    private readonly requests: RequestsRepository,
    private readonly dispatcher: Dispatcher,
    private readonly completion: Completion,
    private readonly deliveries: DueDeliveries,
    private readonly endpoints: EndpointCleanup,
  ) {}

  onApplicationBootstrap(): void {
    // The first round at once: what a crash left behind waits already.
    this.schedule(0);
  }

  private schedule(waitMs: number): void {
    this.timer = setTimeout(() => {
      this.round = this.reconcile()
        .catch((error: Error) => this.logger.warn(`round broken off, the next one follows: ${error.message}`))
        .finally(() => this.stopped || this.schedule(INTERVAL * (0.8 + 0.4 * Math.random())));
    }, waitMs);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  /** One round; does nothing when another process is at it. Public for tests, which do not wait for the timer. */
  async reconcile(): Promise<void> {
    await this.repository.whenAlone(async () => {
      const expired = await this.repository.takeBackExpired();
      if (expired.length > 0)
        this.logger.warn(`took back ${expired.length} slice(s) of workers that went silent`);
      await this.dispatcher.enqueue([...expired, ...(await this.repository.queuedTooLong())]);
      for (const { id, run } of await this.repository.openRequests()) {
        if (this.stopped) return;
        // One that cannot be helped must not keep the others from it.
        await this.reconcileRequest(id, run).catch((error: Error) =>
          this.logger.warn(`request ${id} has to wait for the next round: ${error.message}`),
        );
      }
      await this.deliveries.wakeDue();
      await this.endpoints.resume();
    });
  }

  /** Fills the request's window; when nothing of it is worked any more, closes it or opens what was forgotten. */
  private async reconcileRequest(requestId: string, run: number): Promise<void> {
    const next = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lock(manager, requestId);
      const open = request?.run === run && (request.status === 'pending' || request.status === 'processing');
      if (!open) return [];
      if (await this.repository.isWorkedOut(manager, requestId, run)) {
        if (await this.repository.recount(manager, requestId)) {
          this.logger.error(`the counters of request ${requestId} had drifted and were counted again`);
        }
        await this.repository.reopenSlices(manager, requestId, run);
        // Its deliveries are woken at the end of the round.
        await this.completion.closeIfFinished(manager, requestId);
      }
      return this.dispatcher.fillWindow(manager, requestId, run);
    });
    await this.dispatcher.enqueue(next);
  }
}
