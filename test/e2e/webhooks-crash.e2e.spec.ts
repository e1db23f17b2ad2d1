import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';
import type { DeliveryBody } from '../../src/webhooks/deliveries.dto.js';
import { ApiClient } from '../support/api-client.js';
import { catalogue } from '../support/catalogue.js';
import { connect } from '../support/invariants.js';
import { stall, startOrigin, type Origin } from '../support/origin.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { describeWithRedis } from '../support/redis.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { answered, attemptsOf, expectTrueLog } from '../support/true-log.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { WebhooksClient } from '../support/webhooks-client.js';

/** A queue that can be looked into, and emptied. */
interface QueueStore {
  settings: Record<string, string>;
  delayedWakeups: () => Promise<number>;
  empty: () => Promise<unknown>;
  close: () => void;
}

describe('a crash and a loss, queue on PostgreSQL', () => {
  crashTests((look) => ({
    settings: {},
    delayedWakeups: async () => {
      const jobs = await look.query<unknown[]>(`SELECT FROM bullmq.job WHERE (opts->>'delay')::int > 0`);
      return jobs.length;
    },
    empty: () => look.query('TRUNCATE bullmq.job CASCADE'),
    close: () => undefined,
  }));
});

describeWithRedis('a crash and a loss, queue on Redis', (redisUrl) => {
  crashTests(() => {
    // A database of its own: other test files run on the same Redis, and the workers of one would take the jobs of all.
    const url = new URL('/1', redisUrl).href;
    const redis = new Redis(url);
    return {
      settings: { REDIS_URL: url },
      delayedWakeups: () => redis.zcard('bull:deliveries:delayed'),
      empty: () => redis.flushdb(),
      close: () => redis.disconnect(),
    };
  });
});

interface Told {
  requestId: string;
  secret: string;
  receiver: WebhookReceiver;
  delivery: DeliveryBody;
}

function crashTests(open: (look: DataSource) => QueueStore): void {
  let database: TestDatabase;
  let look: DataSource;
  let directory: string;
  let queue: QueueStore;
  let origin: Origin;
  let crashed: WebhookReceiver;
  let lost: WebhookReceiver;
  const processes: ServiceProcess[] = [];
  /** When the killed worker's lease ended, and what the log said before. */
  let leaseEnd: Date;
  let logAfterCrash: DeliveryBody[];
  let toldAfterCrash: Told;
  let toldAfterLoss: Told;

  beforeAll(async () => {
    database = await createTestDatabase();
    look = await connect(database.url);
    queue = open(look);
    directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
    origin = await startOrigin();
    crashed = await startWebhookReceiver(stall(), { status: 204 });
    lost = await startWebhookReceiver({ status: 500 }, { status: 204 });
    const start = async (mode: string): Promise<ServiceProcess> => {
      const process = await startProcess({
        ...queue.settings,
        DATABASE_URL: database.url,
        DATA_DIR: directory,
        APP_MODE: mode,
        WEBHOOK_RETRY_SCHEDULE: '0,5s,5s',
        WEBHOOK_TIMEOUT: '1s',
        LOG_LEVEL: 'error',
      });
      processes.push(process);
      return process;
    };
    const [api, worker] = await Promise.all([start('api'), start('worker')]);
    const client = new ApiClient(api.url);
    const webhooks = new WebhooksClient(client);
    const csv = await catalogue(origin, 1);
    const begin = async (receiver: WebhookReceiver) => {
      const accepted = await client.upload(csv, { webhook_url: receiver.url() });
      const { webhook_id: webhookId } = await webhooks.ofRequest(accepted.request_id);
      return { requestId: accepted.request_id, webhookId, secret: accepted.webhook_secret!, receiver };
    };

    const first = await begin(crashed);
    await crashed.arrived(1);
    await worker.end('SIGKILL');
    [{ leaseEnd }] = await look.query<[{ leaseEnd: Date }]>(
      `SELECT lease_until AS "leaseEnd" FROM webhook_endpoint WHERE id = $1`,
      [first.webhookId],
    );
    // Whoever comes while the lease lasts must not send.
    await start('worker');
    logAfterCrash = await webhooks.deliveries(first.webhookId);

    const second = await begin(lost);
    await webhooks.log(
      second.webhookId,
      'the first attempt',
      ([delivery]) => delivery?.attempts.length === 1,
    );
    await waitFor('the wake-up of the retry', async () => (await queue.delayedWakeups()) > 0);
    await queue.empty();

    await waitFor('the end of the lease', async () => {
      const [row] = await look.query<[{ over: boolean }]>('SELECT clock_timestamp() > $1 AS over', [
        leaseEnd,
      ]);
      return row.over;
    });
    // Every worker looks at its start for what is due and nobody does, and then every 15 s.
    await start('worker');
    const ended = async (of: typeof first): Promise<Told> => {
      const [delivery] = await webhooks.settled(of.webhookId);
      return { ...of, delivery: delivery! };
    };
    [toldAfterCrash, toldAfterLoss] = await Promise.all([ended(first), ended(second)]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(processes.map(({ end }) => end('SIGKILL')));
    queue.close();
    await Promise.all([crashed, lost, origin].map((server) => server.close()));
    await look.destroy();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  it('what a killed worker had sent and not recorded is not in the log', () => {
    expect(logAfterCrash).toEqual([
      expect.objectContaining({ status: 'pending', next_attempt_at: expect.any(String), attempts: [] }),
    ]);
  });

  it('and is sent again with the same id and bytes, once its lease is over', () => {
    const { delivery, receiver, secret } = toldAfterCrash;
    expect(delivery).toMatchObject({
      delivery_id: logAfterCrash[0]!.delivery_id,
      status: 'delivered',
      next_attempt_at: null,
      attempts: attemptsOf([answered(204)]),
    });
    const [unrecorded, ...recorded] = receiver.posts;
    expect({ id: unrecorded!.headers['webhook-id'], body: unrecorded!.body.toString() }).toEqual({
      id: delivery.event_id,
      body: recorded[0]!.body.toString(),
    });
    expectTrueLog(delivery, recorded, secret);
    expect(recorded[0]!.at.getTime()).toBeGreaterThanOrEqual(leaseEnd.getTime());
  });

  it('a retry whose wake-up was lost with the queue is made all the same', () => {
    const { delivery, receiver, secret } = toldAfterLoss;
    expect(delivery).toMatchObject({
      status: 'delivered',
      next_attempt_at: null,
      attempts: attemptsOf([answered(500), answered(204)]),
    });
    expectTrueLog(delivery, receiver.posts, secret);
  });

  it('and none of the workers has an error to tell of', () => {
    expect(processes.map(({ output }) => output())).toEqual(['', '', '', '']);
  });
}
