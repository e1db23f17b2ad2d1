import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { ApiClient } from '../support/api-client.js';
import { catalogue } from '../support/catalogue.js';
import { connect, expectInvariants } from '../support/invariants.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { describeWithRedis } from '../support/redis.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const IMAGES = 300;
/** Slow enough for two workers to meet at one request, and for something to happen in its middle. */
const ORIGIN_DELAY = 100;

describe('one API and two workers, queue on PostgreSQL', () => {
  workersTests((database) => ({ DATABASE_URL: database.url }), emptyPostgresQueue);
});

describeWithRedis('one API and two workers, queue on Redis', (redisUrl) => {
  workersTests(
    (database) => ({ DATABASE_URL: database.url, REDIS_URL: redisUrl }),
    () => flushRedis(redisUrl),
  );
});

function workersTests(
  connections: (database: TestDatabase) => Record<string, string>,
  emptyQueue: (look: DataSource) => Promise<void>,
): void {
  let database: TestDatabase;
  let look: DataSource;
  let directory: string;
  let origin: Origin;
  let receiver: WebhookReceiver;
  let processes: ServiceProcess[] = [];
  let api: ApiClient;

  beforeEach(async () => {
    database = await createTestDatabase();
    look = await connect(database.url);
    directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
    origin = await startOrigin();
    receiver = await startWebhookReceiver();
    const settings = {
      ...connections(database),
      DATA_DIR: directory,
      LEASE: '3s',
      FETCH_CONCURRENCY: '8',
      LOG_LEVEL: 'error',
    };
    const start = async (mode: string) => processes.push(await startProcess({ ...settings, APP_MODE: mode }));
    processes = [];
    await start('api');
    await Promise.all([start('worker'), start('worker')]);
    api = new ApiClient(processes[0]!.url);
  });

  afterEach(async () => {
    await Promise.all(processes.map(({ end }) => end('SIGKILL')));
    await receiver.close();
    await origin.close();
    await look.destroy();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  async function uploadCatalogue(): Promise<string> {
    const csv = await catalogue(origin, IMAGES, ORIGIN_DELAY);
    return (await api.upload(csv, { webhook_url: receiver.url('/done') })).request_id;
  }

  const halfWay = (id: string) =>
    waitFor('some of the images', async () => (await api.status(id)).counts.completed > IMAGES / 5);

  async function expectEveryImageOnce(id: string): Promise<void> {
    expect(await api.finished(id)).toMatchObject({
      status: 'completed',
      counts: { pending: 0, completed: IMAGES, failed: 0, cancelled: 0 },
    });
    await receiver.arrived(1);
    // The slices' last passes end after the request; only then is everything quiet.
    await waitFor('the last slice', async () => {
      const open = await look.query<unknown[]>(`SELECT 1 FROM slice WHERE state <> 'done'`);
      return open.length === 0;
    });
    await expectInvariants(look, join(directory, 'files'));
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  }

  it('share the work of one request', async () => {
    const id = await uploadCatalogue();
    await expectEveryImageOnce(id);
    const shares = await look.query<{ slices: string }[]>(
      'SELECT count(*) AS slices FROM slice GROUP BY worker_id',
    );
    expect(shares).toHaveLength(2);
    expect(origin.requests).toHaveLength(IMAGES);
  });

  it('lose nothing when one of them is killed in the middle', async () => {
    const id = await uploadCatalogue();
    await halfWay(id);
    await processes[1]!.end('SIGKILL');
    await expectEveryImageOnce(id);
  });

  it('lose nothing when the queue is emptied in the middle', async () => {
    const id = await uploadCatalogue();
    await halfWay(id);
    await emptyQueue(look);
    await expectEveryImageOnce(id);
  });

  it('end without an error line when they are asked to, and what they had begun goes on elsewhere', async () => {
    const id = await uploadCatalogue();
    await halfWay(id);
    expect(await processes[1]!.end('SIGTERM')).toBe(0);
    await expectEveryImageOnce(id);
    expect(await Promise.all([processes[0]!, processes[2]!].map(({ end }) => end('SIGTERM')))).toEqual([
      0, 0,
    ]);
    expect(processes.map(({ output }) => output())).toEqual(['', '', '']);
  });
}

async function emptyPostgresQueue(look: DataSource): Promise<void> {
  await look.query('TRUNCATE bullmq.job CASCADE');
}

async function flushRedis(url: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}
