import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Env } from '../config/env.js';
import { IdempotencyKeys } from '../requests/idempotency-keys.js';
import { DueDeliveries } from '../webhooks/due-deliveries.js';
import { EndpointCleanup } from '../webhooks/endpoint-cleanup.js';
import { LeftSlices } from './left-slices.js';
import { OpenRequests } from './open-requests.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { RemovalsService } from './removals.service.js';
import { RemovedRequests } from './removed-requests.js';

/**
 * Between two rounds, in ms: half a lease, so that one that ran out is soon seen, and at most this. ±20 %, so that the
 * workers' timers do not beat together.
 */
const LONGEST_INTERVAL = 15_000;

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
  private clearing: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();
  private readonly intervalMs: number;
  /** A round broke off since the last whole one: the database was away. */
  private wasAway = false;

  constructor(
    private readonly repository: ReconcilerRepository,
    private readonly open: OpenRequests,
    private readonly left: LeftSlices,
    private readonly removals: RemovalsService,
    private readonly removed: RemovedRequests,
    private readonly deliveries: DueDeliveries,
    private readonly endpoints: EndpointCleanup,
    private readonly idempotencyKeys: IdempotencyKeys,
    { leaseMs }: Env,
  ) {
    this.intervalMs = Math.min(leaseMs / 2, LONGEST_INTERVAL);
  }

  onApplicationBootstrap(): void {
    // The first round at once: what a crash left behind waits already.
    this.schedule(0);
  }

  private schedule(waitMs: number): void {
    this.timer = setTimeout(() => {
      this.round = this.reconcile()
        .catch((error: Error) => this.logger.warn(`round broken off, the next one follows: ${error.message}`))
        .finally(
          () => this.stopping.signal.aborted || this.schedule(this.intervalMs * (0.8 + 0.4 * Math.random())),
        );
    }, waitMs);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.round;
    await this.clearing;
  }

  /** One round; does nothing when another process is at it. Public for tests, which do not wait for the timer. */
  async reconcile(): Promise<void> {
    try {
      await this.repository.whenAlone(() => this.takeSteps());
    } catch (error) {
      this.wasAway = true;
      throw error;
    }
    // Beside the rounds, because a large request takes minutes to clear away.
    this.clearing = this.removed
      .clear(this.stopping.signal)
      .catch((error: Error) => this.logger.warn(`clearing away has to wait: ${error.message}`));
  }

  private async takeSteps(): Promise<void> {
    for (const step of this.steps()) {
      if (this.stopping.signal.aborted) return;
      // One that breaks off must not keep the others from their turn.
      await step().catch((error: Error) =>
        this.logger.warn(`a part of the round has to wait for the next one: ${error.message}`),
      );
    }
    this.wasAway = false;
  }

  private steps(): (() => Promise<unknown>)[] {
    return [
      // Nobody could renew a lease while the database was away: first they may.
      () => (this.wasAway ? Promise.resolve() : this.open.takeBackExpired()),
      () => this.open.wakeQueued(this.intervalMs),
      () => this.open.help(this.stopping.signal),
      () => this.deliveries.wakeDue(),
      () => this.endpoints.resume(),
      () => this.left.end(this.stopping.signal),
      () => this.removals.removeExpired(),
      () => this.idempotencyKeys.prune(),
    ];
  }
}
