import { createPostgresBackend, Queue, Worker, type Processor, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { SESSION_LIMITS } from '../database/session-limits.js';

type BehaviourOptions = Omit<WorkerOptions, 'connection'>;
/** What we use of BullMQ's classes; their full types differ by backend. */
export type BullQueue = Pick<Queue, 'addBulk' | 'waitUntilReady' | 'close'> & Emitter;
export type BullWorker = Pick<Worker, 'waitUntilReady' | 'close'> & Emitter;
interface Emitter {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Where the queue lives. Not @nestjs/bullmq: it knows only one backend for the whole process, and it lets the framework
 * decide in which order workers and connections close.
 */
export interface QueueBackend {
  queue(name: string): BullQueue;
  worker(name: string, process: Processor, options: BehaviourOptions): BullWorker;
  /** Answers when the store can be reached; throws otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * BullMQ on PostgreSQL. All queues and workers of the process share one pool: two connections are for LISTEN (one a
 * worker), four for the rest. BullMQ's default is a pool of ten for each of them.
 */
export function postgresBackend(url: string, applicationName: string): QueueBackend {
  const connection = new Pool({
    ...SESSION_LIMITS,
    connectionString: url,
    application_name: `${applicationName}-queue`,
    options: '-c search_path=bullmq,public',
    max: 6,
  });
  return {
    queue: (name) => new Queue(name, { connection }, createPostgresBackend),
    worker: (name, process, options) =>
      new Worker(name, process, { ...options, connection }, createPostgresBackend),
    ping: async () => void (await connection.query('SELECT 1')),
    close: () => connection.end(),
  };
}

/** BullMQ on Redis or Valkey. */
export function redisBackend(url: string): QueueBackend {
  // BullMQ's workers block on their own copies and must wait for as long as Redis is away: no limit per request.
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  // Each queue and worker reports the trouble of this shared connection; here it only must not be unhandled.
  connection.on('error', () => undefined);
  return {
    queue: (name) => new Queue(name, { connection }),
    worker: (name, process, options) => new Worker(name, process, { ...options, connection }),
    ping: async () => void (await connection.ping()),
    close: async () => connection.disconnect(),
  };
}
