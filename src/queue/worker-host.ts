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
import { AsideJobs } from './aside-jobs.js';
import { IdleWatch } from './idle-watch.js';
import { JobQueues } from './job-queues.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';
import type { BullWorker, QueueBackend } from './queue-backend.js';
import { QUEUE_BEHAVIOUR, type QueueJobs, type QueueName } from './queues.js';

export interface JobControls {
  /** The process ends: begin nothing new. */
  stopping: AbortSignal;
  /** The time to finish is over: give back what runs. */
  aborting: AbortSignal;
  /** Frees the slot: the job goes on beside the queue. Without effect when too many do so already. */
  stepAside: () => void;
}

/** Does a job. One that throws has failed to answer a wake-up, no more: the reconciler wakes again. */
export type JobHandler<Q extends QueueName> = (data: QueueJobs[Q], controls: JobControls) => Promise<void>;

/** After `aborting`, what a handler may still take to write down where it stands, in ms. */
const GIVE_BACK_TIME = 2000;
/** Between two looks whether a worker still hears its queue, in ms. */
const LISTENING_LOOK = 10_000;

/** The consumers' side of all queues: runs the handlers, and stops first when the process ends. */
@Injectable()
export class WorkerHost implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Worker');
  private readonly workers: BullWorker[] = [];
  /** Of each queue, what runs on beside it. */
  private readonly aside: AsideJobs[] = [];
  private readonly stopping = new AbortController();
  private readonly aborting = new AbortController();
  private stopped: Promise<unknown> = Promise.resolve();
  private readonly looks: NodeJS.Timeout[] = [];

  constructor(
    @Inject(QUEUE_BACKEND) private readonly backend: QueueBackend,
    private readonly env: Env,
    private readonly queues: JobQueues,
  ) {
    // Every image under way listens: hundreds are no leak here.
    setMaxListeners(0, this.stopping.signal, this.aborting.signal);
  }

  /** Begins to take jobs of a queue. Call it in onApplicationBootstrap, when all that a handler needs is there. */
  work<Q extends QueueName>(name: Q, handler: JobHandler<Q>): void {
    const { concurrency, aside: asideLimit, ...behaviour } = QUEUE_BEHAVIOUR[name];
    const places = concurrency(this.env);
    const watch = new IdleWatch(places, () => this.queues.countWaiting(name));
    const aside = new AsideJobs(asideLimit);
    this.aside.push(aside);
    const signals = { stopping: this.stopping.signal, aborting: this.aborting.signal };
    const process = async ({ id, data }: { id?: string; data: unknown }): Promise<void> => {
      watch.taken();
      const run = async (stepAside: () => void): Promise<void> => {
        try {
          await handler(data as QueueJobs[Q], { ...signals, stepAside });
        } catch (error) {
          // Not left to BullMQ: its failed jobs are not kept, so the reason must be told here.
          const { message, stack } = error as Error;
          this.logger.error(`job ${id} of ${name} did not end: ${message}`, stack);
        }
      };
      await aside.run(run).finally(() => watch.ended());
    };
    const worker = this.backend.worker(name, process, {
      ...behaviour,
      concurrency: places,
      // PostgreSQL counts how often a slice was begun; BullMQ's own limit would fail the neighbours of a crash.
      maxStalledCount: 1000,
    });
    worker.on('error', (error) => this.logger.warn(`queue ${name}: ${error.message}`));
    this.workers.push(worker);
    this.looks.push(setInterval(() => void this.assertHears(name, watch), LISTENING_LOOK));
  }

  /** Rejects, and that ends the process in good order: whoever supervises it starts it anew. */
  private async assertHears(name: QueueName, watch: IdleWatch): Promise<void> {
    if (!(await watch.isDeaf()) || this.stopping.signal.aborted) return;
    throw new Error(
      `The queue ${name} has jobs, and this idle process does not get them. It ends, to be started anew.`,
    );
  }

  /** The first thing at shutdown: no other module's closing delays the end of new work, or the time for the old. */
  onModuleDestroy(): void {
    this.stopping.abort();
    this.looks.forEach(clearInterval);
    const timer = new AbortController();
    const closed = Promise.all(this.workers.map((worker) => worker.close()));
    const ended = closed.then(() => Promise.all(this.aside.map((jobs) => jobs.ended())));
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
