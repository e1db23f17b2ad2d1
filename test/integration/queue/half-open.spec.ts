import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { Logger } from '@nestjs/common';
import { parseEnv } from '../../../src/config/env.js';
import { JobQueues } from '../../../src/queue/job-queues.js';
import { postgresBackend, redisBackend, type QueueBackend } from '../../../src/queue/queue-backend.js';
import { WorkerHost } from '../../../src/queue/worker-host.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { describeWithRedis } from '../../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { waitFor } from '../../support/wait-for.js';

const env = parseEnv({ DATABASE_URL: 'postgres://unused' });
const JOB = { id: 'job', data: { endpointId: 'whk_x' } };
const HOUR_MS = 3_600_000;

let proxy: TcpProxy;
let queues: JobQueues;
let producers: JobQueues;
let host: WorkerHost;
let done: number;

/** A worker behind the proxy, and a producer that is not. */
async function start(url: string, backend: (url: string) => QueueBackend): Promise<void> {
  Logger.overrideLogger(false);
  proxy = await startTcpProxy(url);
  const behind = backend(proxy.url);
  queues = new JobQueues(behind);
  producers = new JobQueues(backend(url));
  host = new WorkerHost(behind, env, queues);
  await Promise.all([queues.onModuleInit(), producers.onModuleInit()]);
  done = 0;
  host.work('deliveries', async () => void (done += 1));
}

async function stop(): Promise<void> {
  host.onModuleDestroy();
  await host.beforeApplicationShutdown();
  await Promise.all([queues, producers].map((each) => each.onApplicationShutdown()));
  await proxy.close();
}

/**
 * Whether the worker does jobs. They are put there again and again, each a new one: other tests may empty the same Redis,
 * and a job whose handing out got lost in the silence is not handed out again before its lock is over.
 */
async function works(): Promise<boolean> {
  const before = done;
  return waitFor('a job to be done', async () => {
    await producers.enqueue('deliveries', [{ ...JOB, id: randomUUID() }]);
    return done > before;
  });
}

describe('a worker whose connections fall silent, queue on PostgreSQL', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
    await start(database.url, (url) => postgresBackend(url, 'test', 1000));
  });
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  it('takes jobs again, also when it was asleep until a job that is due in an hour', async () => {
    await producers.enqueue('deliveries', [{ ...JOB, id: 'in-an-hour', delayMs: HOUR_MS }]);
    expect(await works()).toBe(true);
    await waitForSleep(database.url);
    proxy.fallSilent();
    expect(await works()).toBe(true);
  });

  it('is told of new jobs again: nothing else would wake it before the hour is over', async () => {
    await producers.enqueue('deliveries', [{ ...JOB, id: 'in-an-hour', delayMs: HOUR_MS }]);
    expect(await works()).toBe(true);
    proxy.fallSilent();
    for (let job = 0; job < 3; job += 1) expect(await works()).toBe(true);
  });
});

/** The worker has asked for what there is, and waits. */
async function waitForSleep(url: string): Promise<void> {
  await waitFor('the worker to listen', async () => (await listeners(url)) > 0);
}

/** Connections that a worker listens on; BullMQ names them after the queue. */
async function listeners(url: string): Promise<number> {
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'deliveries'`,
    );
    return rowCount!;
  } finally {
    await pool.end();
  }
}

describeWithRedis('a worker whose connections fall silent, queue on Redis', (redisUrl) => {
  // A database of its own: the workers of other tests would take the jobs.
  beforeEach(() => start(new URL('/7', redisUrl).href, (url) => redisBackend(url, 5500)));
  afterEach(stop);

  it('takes jobs again', async () => {
    expect(await works()).toBe(true);
    proxy.fallSilent();
    expect(await works()).toBe(true);
  });
});
