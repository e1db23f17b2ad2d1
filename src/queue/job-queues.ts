import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { withTimeLimit } from '../config/time-limit.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';
import type { BullQueue, QueueBackend } from './queue-backend.js';
import { QUEUE_NAMES, type Job, type QueueName } from './queues.js';

/** A store that does not answer within this time (ms) does not hold up the caller: a wake-up is only a hint. */
const ENQUEUE_LIMIT = 5000;
/** So many jobs are added one by one: in bulk BullMQ makes temporary tables in PostgreSQL each time, 4 ms and 30 KB of log. */
const FEW = 4;
const READY_LIMIT = 15_000;
const CLOSE_LIMIT = 1000;
const ignore = (): void => undefined;

/** The producers' side of all queues. */
@Injectable()
export class JobQueues implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Queue');
  private readonly queues: Record<QueueName, BullQueue>;

  constructor(@Inject(QUEUE_BACKEND) private readonly backend: QueueBackend) {
    const entries = QUEUE_NAMES.map((name) => [name, backend.queue(name)] as const);
    this.queues = Object.fromEntries(entries) as Record<QueueName, BullQueue>;
    for (const [name, queue] of entries) {
      queue.on('error', (error) => this.logger.warn(`queue ${name}: ${error.message}`));
    }
  }

  /**
   * A queue that was built while its store was down never recovers (BullMQ 6.7 keeps the rejected promise), so the
   * start fails here and the supervisor tries again.
   */
  async onModuleInit(): Promise<void> {
    const ready = Promise.all(Object.values(this.queues).map((queue) => queue.waitUntilReady()));
    await withTimeLimit(ready, READY_LIMIT, 'the queue did not become ready');
  }

  /**
   * Puts jobs on a queue, best effort: it never throws. A job that is lost here is enqueued again by the reconciler,
   * because PostgreSQL knows what there is to do.
   */
  async enqueue<Q extends QueueName>(name: Q, jobs: Job<Q>[]): Promise<void> {
    if (jobs.length === 0) return;
    const bulk = jobs.map(({ id, data, delayMs }) => ({
      name,
      data,
      // Nothing is kept: an id whose finished job is still there could not be added again.
      opts: { jobId: id, delay: delayMs ?? 0, attempts: 1, removeOnComplete: true, removeOnFail: true },
    }));
    const queue = this.queues[name];
    try {
      const adding =
        bulk.length <= FEW
          ? Promise.all(bulk.map((job) => queue.add(job.name, job.data, job.opts)))
          : queue.addBulk(bulk);
      await withTimeLimit(adding, ENQUEUE_LIMIT, 'no answer');
    } catch (error) {
      this.logger.warn(
        `${jobs.length} job(s) not put on ${name}, they follow later: ${(error as Error).message}`,
      );
    }
  }

  /** Jobs that wait for a worker. Rejects when the store does not answer. */
  async countWaiting(name: QueueName): Promise<number> {
    return withTimeLimit(this.queues[name].getWaitingCount(), ENQUEUE_LIMIT, 'the queue does not answer');
  }

  async ping(): Promise<void> {
    await withTimeLimit(this.backend.ping(), ENQUEUE_LIMIT, 'the queue does not answer');
  }

  async onApplicationShutdown(): Promise<void> {
    // A job that did not end in time still holds connections: the process does not wait for it.
    const closing = Promise.all(Object.values(this.queues).map((queue) => queue.close()));
    await withTimeLimit(closing, CLOSE_LIMIT, 'the queues did not close').catch(ignore);
    await withTimeLimit(this.backend.close(), CLOSE_LIMIT, 'the queue did not close').catch(ignore);
  }
}
