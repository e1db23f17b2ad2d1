import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { parseEnv } from '../../../src/config/env.js';
import { JobQueues } from '../../../src/queue/job-queues.js';
import { postgresBackend } from '../../../src/queue/queue-backend.js';
import { QUEUE_BEHAVIOUR } from '../../../src/queue/queues.js';
import { WorkerHost, type JobControls } from '../../../src/queue/worker-host.js';
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
const hangAside = (_: unknown, { stepAside }: JobControls): Promise<void> => {
  stepAside();
  return hang();
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

describe('a job that steps aside', () => {
  it('frees its slot: more of them than slots keep no other waiting', async () => {
    host.work('deliveries', hangAside);
    await enqueue(SLOTS + 10);
    await waitFor('all of them to begin', async () => begun === SLOTS + 10);
    expect(release).toHaveLength(SLOTS + 10); // none has ended
  });

  it('keeps its slot until it does so', async () => {
    host.work('deliveries', hang);
    await enqueue(SLOTS + 1);
    await waitFor('all slots to be taken', async () => begun === SLOTS);
    expect(await jobs()).toBe(SLOTS + 1);
    release[0]!();
    await waitFor('the last one to begin', async () => begun === SLOTS + 1);
  });

  it('is waited for when the process ends', async () => {
    host.work('deliveries', (...job) => (begun === 0 ? hangAside(...job) : hang()));
    await enqueue(2);
    await waitFor('both to begin', async () => begun === 2);
    let stopped = false;
    host.onModuleDestroy();
    const stopping = host.beforeApplicationShutdown().then(() => (stopped = true));
    release[1]!();
    await waitFor('the queue to be empty', async () => (await jobs()) === 0);
    expect(stopped).toBe(false);
    release[0]!();
    await stopping;
  });

  it('is told when it fails', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    host.work('deliveries', async (...job) => {
      await hangAside(...job);
      throw new Error('too late');
    });
    await enqueue(1);
    await waitFor('it to be aside', async () => begun === 1 && (await jobs()) === 0);
    release[0]!();
    await waitFor('it to be told', async () => errors.mock.calls.length === 1);
    expect(errors.mock.calls[0]![0]).toMatch(/^job job-\d+ of deliveries did not end: too late$/);
    errors.mockRestore();
  });
});
