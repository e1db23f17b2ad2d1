import { createPostgresBackend, Queue, Worker, type Processor, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { SESSION_LIMITS } from '../database/session-limits.js';
import { endSilentConnections } from '../database/silent-connections.js';

/** No statement of BullMQ takes a second; one that waits for a lock may be given up. */
const POSTGRES_SILENCE_MS = 8000;
/** BullMQ's workers block for 10 s at most, and then Redis answers that there is nothing. */
const REDIS_SILENCE_MS = 15_000;

type BehaviourOptions = Omit<WorkerOptions, 'connection'>;
/** What we use of BullMQ's classes; their full types differ by backend. */
export type BullQueue = Pick<Queue, 'add' | 'addBulk' | 'getWaitingCount' | 'waitUntilReady' | 'close'> &
  Emitter;
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
 * BullMQ on PostgreSQL. All queues and workers of the process share one pool: three connections are for LISTEN (one a
 * worker), four for the rest. BullMQ's default is a pool of ten for each of them.
 */
export function postgresBackend(
  url: string,
  applicationName: string,
  silenceMs = POSTGRES_SILENCE_MS,
): QueueBackend {
  const connection = new Pool({
    ...SESSION_LIMITS,
    connectionString: url,
    application_name: `${applicationName}-queue`,
    options: '-c search_path=bullmq,public',
    max: 7,
  });
  endSilentConnections(connection, { silenceMs, ask: true });
  return {
    queue: (name) => new Queue(name, { connection }, createPostgresBackend),
    worker: (name, process, options) =>
      new Worker(name, process, { ...options, connection }, createPostgresBackend),
    ping: async () => void (await connection.query('SELECT 1')),
    close: () => connection.end(),
  };
}

/** BullMQ on Redis or Valkey. A connection that is silent for `silenceMs` while an answer is due is made anew. */
export function redisBackend(url: string, silenceMs = REDIS_SILENCE_MS): QueueBackend {
  const connection = new Redis(url, {
    // BullMQ's workers block on their own copies and must wait for as long as Redis is away: no limit per request.
    maxRetriesPerRequest: null,
    // Not commandTimeout: it gives up commands and keeps the dead connection, on which the next ones are lost too.
    socketTimeout: silenceMs,
    keepAlive: 5000,
  });
  // Each queue and worker reports the trouble of this shared connection; here it only must not be unhandled.
  connection.on('error', () => undefined);
  return {
    queue: (name) => new Queue(name, { connection }),
    worker: (name, process, options) => new Worker(name, process, { ...options, connection }),
    ping: async () => void (await connection.ping()),
    close: async () => connection.disconnect(),
  };
}
