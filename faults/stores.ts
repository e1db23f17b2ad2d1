import type { Queue } from './options.js';
import { PostgresServer } from './postgres.js';
import { RedisServer } from './redis.js';
import { Undo } from './undo.js';

/** The servers that the experiments on one kind of queue share, one after the other. */
export interface Stores {
  queue: Queue;
  postgres: PostgresServer;
  /** Only where the queue lives in it. */
  redis: RedisServer | undefined;
  /** What the experiment that is under way has begun. */
  undo: Undo;
}

export async function startStores(queue: Queue, undo: Undo): Promise<Stores> {
  const postgres = await PostgresServer.start();
  undo.add(() => postgres.remove());
  const redis = queue === 'redis' ? await RedisServer.start() : undefined;
  if (redis) undo.add(() => redis.remove());
  return { queue, postgres, redis, undo };
}
