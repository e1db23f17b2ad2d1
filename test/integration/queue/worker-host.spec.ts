import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { parseEnv } from '../../../src/config/env.js';
import { JobQueues } from '../../../src/queue/job-queues.js';
import { postgresBackend } from '../../../src/queue/queue-backend.js';
import { QUEUE_BEHAVIOUR } from '../../../src/queue/queues.js';
import { WorkerHost } from '../../../src/queue/worker-host.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { waitFor } from '../../support/wait-for.js';

const env = parseEnv({ DATABASE_URL: 'postgres://unused' });
const SLOTS = QUEUE_BEHAVIOUR.deliveries.concurrency(env);

let database: TestDatabase;
let queues: JobQueues;
let host: WorkerHost;
/** Ends the jobs that run. */
let release: (() => void)[];
let begun: number;

beforeEach(async () => {
  Logger.overrideLogger(false);
  database = await createTestDatabase();
  const backend = postgresBackend(database.url, 'test');
  queues = new JobQueues(backend);
  host = new WorkerHost(backend, env, queues);
  await queues.onModuleInit();
  release = [];
  begun = 0;
});

afterEach(async () => {
  host.onModuleDestroy();
  release.forEach((end) => end());
  await host.beforeApplicationShutdown();
  await queues.onApplicationShutdown();
  await database.drop();
});

const hang = async (): Promise<void> => {
  begun += 1;
  await new Promise<void>((resolve) => release.push(resolve));
};
const enqueue = (count: number): Promise<void> =>
  queues.enqueue(
    'deliveries',
    Array.from({ length: count }, (_, index) => ({ id: `job-${index}`, data: { endpointId: 'whk_x' } })),
  );

async function jobs(): Promise<number> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query('SELECT FROM bullmq.job')).rowCount!;
  } finally {
    await client.end();
  }
}

describe('a job that lasts', () => {
  it('frees its slot: more of them than slots keep no other waiting', async () => {
    host.work('deliveries', hang);
    await enqueue(SLOTS + 10);
    await waitFor('all of them to begin', async () => begun === SLOTS + 10);
    expect(release).toHaveLength(SLOTS + 10); // none has ended
  });

  it('is waited for when the process ends', async () => {
    host.work('deliveries', hang);
    await enqueue(SLOTS + 1); // the last one begins when another has gone aside
    await waitFor('one to be aside', async () => begun === SLOTS + 1);
    let stopped = false;
    host.onModuleDestroy();
    const stopping = host.beforeApplicationShutdown().then(() => (stopped = true));
    release.splice(1).forEach((end) => end());
    await waitFor('the queue to be empty', async () => (await jobs()) === 0);
    expect(stopped).toBe(false);
    release[0]!();
    await stopping;
  });

  it('is told when it fails, beside the queue too', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    host.work('deliveries', async () => {
      await hang();
      throw new Error('too late');
    });
    await enqueue(SLOTS + 1);
    await waitFor('one to be aside', async () => begun === SLOTS + 1);
    release.forEach((end) => end());
    await waitFor('all to be told', async () => errors.mock.calls.length === SLOTS + 1);
    expect(errors.mock.calls[0]![0]).toMatch(/^job job-\d+ of deliveries did not end: too late$/);
    errors.mockRestore();
  });
});
