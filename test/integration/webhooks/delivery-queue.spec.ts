import type { ServerResponse } from 'node:http';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { ConfigModule } from '../../../src/config/config.module.js';
import { parseEnv } from '../../../src/config/env.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { QUEUE_BEHAVIOUR } from '../../../src/queue/queues.js';
import { DeliveryWakeups } from '../../../src/webhooks/delivery-wakeups.js';
import { DeliveryWorkerModule } from '../../../src/webhooks/delivery-worker.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { ENTITIES, Workbench } from './workbench.js';

const SLOTS = QUEUE_BEHAVIOUR.deliveries.concurrency(parseEnv({ DATABASE_URL: 'postgres://unused' }));

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
let workers: INestApplicationContext[];

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startWebhookReceiver();
  bench = await Workbench.open(database.url, {
    WEBHOOK_RETRY_SCHEDULE: '0,50ms,50ms,50ms',
    WEBHOOK_TIMEOUT: '120s', // no slot comes free because an attempt is over
  });

  @Module({
    imports: [
      ConfigModule.forRoot(bench.env),
      DatabaseModule.forRoot(ENTITIES),
      QueueModule,
      DeliveryWorkerModule,
    ],
  })
  class Worker {}
  const start = () => NestFactory.createApplicationContext(Worker, { logger: false });
  workers = [await start(), await start()];
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await bench.close();
  await receiver.close();
  await database.drop();
});

/** Ends so many requests and wakes the workers, as the closing transaction's caller does. */
async function finishRequests(ownerId: string, count: number): Promise<void> {
  const wakeups = workers[0]!.get(DeliveryWakeups, { strict: false });
  const finish = async (): Promise<void> => {
    const { id } = await bench.startRequest(ownerId);
    const wake = await bench.dataSource.transaction((manager) => bench.endRequest(manager, id));
    await wakeups.wake(wake);
  };
  await Promise.all(Array.from({ length: count }, finish));
}

const pending = async (): Promise<number> => {
  const source = workers[0]!.get(DataSource);
  const rows: unknown[] = await source.query(`SELECT 1 FROM webhook_delivery WHERE status = 'pending'`);
  return rows.length;
};

describe('the deliveries queue', () => {
  it('carries every event to its endpoint once, whichever worker is woken', async () => {
    await bench.register(receiver.url('/many'), { ownerId: 'many' });
    await finishRequests('many', 30);
    await receiver.arrived(30);
    while ((await pending()) > 0) continue;
    expect(receiver.posts).toHaveLength(30);
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(30);
  });

  it('repeats by itself until the schedule is over', async () => {
    const before = receiver.posts.length;
    receiver.script.push({ status: 500 });
    await bench.register(receiver.url('/failing'), { ownerId: 'failing' });
    await finishRequests('failing', 1);
    await receiver.arrived(before + 4);
    while ((await pending()) > 0) continue;
    const attempts = await bench.rows(
      `SELECT number, status_code FROM webhook_attempt WHERE status_code = 500`,
    );
    expect(attempts).toHaveLength(4);
  });

  it('reaches every endpoint, though more than both workers have slots for do not answer', async () => {
    const count = 2 * SLOTS + 1;
    const before = receiver.posts.length;
    const silent: ServerResponse[] = [];
    let answers = false;
    receiver.script.push((_request, response) => {
      if (answers) response.writeHead(204).end();
      else silent.push(response);
    });
    const register = (_: unknown, endpoint: number) =>
      bench.register(receiver.url(`/silent/${endpoint}`), { ownerId: 'silent' });
    await Promise.all(Array.from({ length: count }, register));
    await finishRequests('silent', 1);
    await receiver.arrived(before + count);
    expect(new Set(receiver.posts.slice(before).map(({ path }) => path)).size).toBe(count);
    answers = true;
    for (const response of silent) response.writeHead(204).end();
    while ((await pending()) > 0) continue;
  });
});
