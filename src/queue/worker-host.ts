import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Env } from '../config/env.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';
import type { BullWorker, QueueBackend } from './queue-backend.js';
import { QUEUE_BEHAVIOUR, type QueueJobs, type QueueName } from './queues.js';

/**
 * Does a job. `stopping`: the process ends, begin nothing new; `aborting`: the time to finish is over, give back what
 * runs. A handler that throws has failed to answer a wake-up, no more: the reconciler wakes again.
 */
export type JobHandler<Q extends QueueName> = (
  data: QueueJobs[Q],
  stopping: AbortSignal,
  aborting: AbortSignal,
) => Promise<void>;

/** After `aborting`, what a handler may still take to write down where it stands, in ms. */
const GIVE_BACK_TIME = 2000;

/** The consumers' side of all queues: runs the handlers, and stops first when the process ends. */
@Injectable()
export class WorkerHost implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Worker');
  private readonly workers: BullWorker[] = [];
  /** What runs on beside its queue. */
  private readonly aside = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly aborting = new AbortController();
  private stopped: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(QUEUE_BACKEND) private readonly backend: QueueBackend,
    private readonly env: Env,
  ) {
    // Every image under way listens: hundreds are no leak here.
    setMaxListeners(0, this.stopping.signal, this.aborting.signal);
  }

  /** Begins to take jobs of a queue. Call it in onApplicationBootstrap, when all that a handler needs is there. */
  work<Q extends QueueName>(name: Q, handler: JobHandler<Q>): void {
    const { concurrency, aside, ...behaviour } = QUEUE_BEHAVIOUR[name];
    const run = (data: QueueJobs[Q]) => handler(data, this.stopping.signal, this.aborting.signal);
    const process = async ({ id, data }: { id?: string; data: unknown }): Promise<void> => {
      // Not left to BullMQ: its failed jobs are not kept, so the reason must be told here.
      const job = run(data as QueueJobs[Q]).catch((error: unknown) => {
        this.logger.error(
          `job ${id} of ${name} did not end: ${(error as Error).message}`,
          (error as Error).stack,
        );
      });
      if (!aside || (await endsWithin(aside.afterMs, job)) || this.aside.size >= aside.limit)
        return await job;
      this.aside.add(job);
      void job.then(() => this.aside.delete(job));
    };
    const worker = this.backend.worker(name, process, {
      ...behaviour,
      concurrency: concurrency(this.env),
      // PostgreSQL counts how often a slice was begun; BullMQ's own limit would fail the neighbours of a crash.
      maxStalledCount: 1000,
    });
    worker.on('error', (error) => this.logger.warn(`queue ${name}: ${error.message}`));
    this.workers.push(worker);
  }

  /** The first thing at shutdown: no other module's closing delays the end of new work, or the time for the old. */
  onModuleDestroy(): void {
    this.stopping.abort();
    const timer = new AbortController();
    const closed = Promise.all(this.workers.map((worker) => worker.close()));
    const ended = closed.then(() => Promise.all(this.aside));
    this.stopped = Promise.race([ended, this.abortAfterTime(timer.signal)]).finally(() => timer.abort());
  }

  /** Before the framework closes anything: a job that ends now still needs the queues and the database. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stopped;
  }

  private async abortAfterTime(signal: AbortSignal): Promise<void> {
    try {
      await delay(this.env.shutdownTimeoutMs, undefined, { signal });
      this.aborting.abort();
      await delay(GIVE_BACK_TIME, undefined, { signal });
      this.logger.warn('Some jobs did not end in time; others take them over when their lease is over.');
    } catch {
      // All workers closed in time.
    }
  }
}

async function endsWithin(ms: number, job: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const ended = await Promise.race([job.then(() => true), late]);
  timer.abort();
  return ended;
}
