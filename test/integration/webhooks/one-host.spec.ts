import type { ServerResponse } from 'node:http';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../../src/config/config.module.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { DeliveryWakeups } from '../../../src/webhooks/delivery-wakeups.js';
import { DeliveryWorkerModule } from '../../../src/webhooks/delivery-worker.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { ENTITIES, Workbench } from './workbench.js';

const HANGING = 12;

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
let worker: INestApplicationContext;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startWebhookReceiver();
  bench = await Workbench.open(database.url, { FETCH_PER_HOST: '1' });
  @Module({
    imports: [
      ConfigModule.forRoot(bench.env),
      DatabaseModule.forRoot(ENTITIES),
      QueueModule,
      DeliveryWorkerModule,
    ],
  })
  class Worker {}
  worker = await NestFactory.createApplicationContext(Worker, { logger: false });
});

afterAll(async () => {
  await receiver.close();
  await worker.close();
  await bench.close();
  await database.drop();
});

describe('endpoints at one host', () => {
  it('that hang, however many, keep no other there from being sent to', async () => {
    const held: ServerResponse[] = [];
    receiver.script.push((request, response) => {
      if (request.url === '/hangs') held.push(response);
      else response.writeHead(204).end();
    });
    const register = (path: string) => bench.registerWithEvents(receiver.url(path), 1);
    const hanging = await Promise.all(Array.from({ length: HANGING }, () => register('/hangs')));
    const wakeups = worker.get(DeliveryWakeups, { strict: false });
    await wakeups.wake(hanging.map(({ id }) => id));
    await receiver.arrived(HANGING);

    const good = await register('/good');
    await wakeups.wake([good.id]);
    await receiver.arrived(HANGING + 1);
    expect(receiver.posts.at(-1)!.path).toBe('/good');
    expect(held).toHaveLength(HANGING);
    for (const response of held) response.writeHead(204).end();
  });
});
