import { Logger, Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigModule } from '../../../src/config/config.module.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { ProblemFilter } from '../../../src/errors/problem.filter.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { WebhooksApiModule } from '../../../src/webhooks/webhooks-api.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { ENTITIES, Workbench } from './workbench.js';

const HOOK = 'https://shop.example/hook';
const UNKNOWN = '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90';

let database: TestDatabase;
let bench: Workbench;
let app: NestFastifyApplication;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url, { ALLOW_PRIVATE_ADDRESSES: 'false' });
  @Module({
    imports: [
      ConfigModule.forRoot(bench.env),
      DatabaseModule.forRoot(ENTITIES),
      QueueModule,
      WebhooksApiModule,
    ],
  })
  class Api {}
  app = await NestFactory.create<NestFastifyApplication>(Api, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new ProblemFilter(bench.env));
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  await app.init();
});

afterAll(async () => {
  await app.close();
  await bench.close();
  await database.drop();
});

async function post(payload: unknown, url = '/api/webhooks') {
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(payload) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}
const endpoints = () => bench.rows<{ id: string }>(`SELECT id FROM webhook_endpoint`);

describe('POST /api/webhooks with a webhook_url', () => {
  it.each(['/api/webhooks', '/api/webhook'])('registers an endpoint for all requests at %s', async (path) => {
    expect(await post({ webhook_url: HOOK }, path)).toEqual({
      status: 201,
      body: {
        webhook_id: expect.stringMatching(/^whk_[0-9a-f]{32}$/),
        webhook_url: HOOK,
        request_id: null,
        events: ['request.completed', 'request.failed', 'request.cancelled'],
        secret: expect.stringMatching(/^whsec_/),
        message: 'Webhook registered.',
      },
    });
  });

  it('registers one for a request and some events', async () => {
    const { id } = await bench.startRequest();
    const answer = await post({ webhook_url: HOOK, request_id: id, events: ['request.failed'] });
    expect(answer).toMatchObject({ status: 201, body: { request_id: id, events: ['request.failed'] } });
    const stored = await bench.rows(
      `SELECT owner_id, url, events, request_id FROM webhook_endpoint WHERE id = $1`,
      [answer.body.webhook_id],
    );
    expect(stored).toEqual([{ owner_id: 'default', url: HOOK, events: ['request.failed'], request_id: id }]);
  });

  it('says that a finished request is told at once, and puts it on its way', async () => {
    const { id } = await bench.finishRequest();
    const { body } = await post({ webhook_url: HOOK, request_id: id });
    expect(body.message).toContain('already finished');
    const deliveries = await bench.rows(`SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1`, [
      body.webhook_id,
    ]);
    expect(deliveries).toHaveLength(1);
    const jobs = await bench.rows<{ data: object }>(
      `SELECT data FROM bullmq.job WHERE data->>'endpointId' = $1`,
      [body.webhook_id],
    );
    expect(jobs).toHaveLength(1);
  });

  it('takes null for left out', async () => {
    expect((await post({ webhook_url: HOOK, request_id: null, events: null })).status).toBe(201);
  });

  it.each([
    [{ webhook_url: 'not a url' }, 422, 'webhook_url_invalid'],
    [{ webhook_url: 'http://127.0.0.1/hook' }, 422, 'webhook_url_invalid'],
    [{ webhook_url: 'https://shop.example:25/' }, 422, 'webhook_url_invalid'],
    [{ webhook_url: 7 }, 422, 'validation_failed'],
    [{ webhook_url: HOOK, events: ['request.done'] }, 422, 'validation_failed'],
    [{ webhook_url: HOOK, events: 'request.failed' }, 422, 'validation_failed'],
    [{ webhook_url: HOOK, request_id: 7 }, 422, 'validation_failed'],
    [{ webhook_url: HOOK, requestId: UNKNOWN }, 422, 'validation_failed'],
    [{ webhook_url: HOOK, request_id: UNKNOWN }, 404, 'not_found'],
    [{ webhook_url: HOOK, request_id: 'no-uuid' }, 404, 'not_found'],
  ])('refuses %j and registers nothing', async (payload, status, code) => {
    const before = await endpoints();
    expect(await post(payload)).toMatchObject({ status, body: { code } });
    expect(await endpoints()).toEqual(before);
  });

  it('names the members it does not know', async () => {
    const { body } = await post({ webhook_url: HOOK, requestId: 1, retries: 3 });
    expect(body.detail).toContain('"requestId"');
    expect(body.errors).toHaveLength(2);
  });

  it('does not register for a request of someone else', async () => {
    const { id } = await bench.startRequest('someone else');
    expect(await post({ webhook_url: HOOK, request_id: id })).toMatchObject({ status: 404 });
  });
});

describe('POST /api/webhook with a status', () => {
  it('is received, logged in one line without the rest, and changes nothing', async () => {
    const before = await endpoints();
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation();
    const body = {
      type: 'request.completed',
      request_id: 'r1',
      status: 'completed\nfake line',
      data: { token: 'hush' },
    };
    const answer = await post(body, '/api/webhook');
    const lines = log.mock.calls.map(([line]: unknown[]) => line);
    log.mockRestore();
    expect(answer).toEqual({ status: 200, body: { status: 'Webhook received' } });
    expect(lines).toEqual(['webhook received: status "completed\\nfake line", request "r1"']);
    expect(await endpoints()).toEqual(before);
  });
});

describe('POST /api/webhook with neither', () => {
  it.each([[{}], [[]], [null], ['text'], [{ request_id: 'r1' }], [{ webhook_url: null }]])(
    'says that the webhook_url is missing: %j',
    async (payload) => {
      expect(await post(payload, '/api/webhook')).toMatchObject({
        status: 422,
        body: { code: 'webhook_url_missing' },
      });
    },
  );

  it('says so for no body at all', async () => {
    const answer = await app.inject({ method: 'POST', url: '/api/webhook' });
    expect(answer.statusCode).toBe(422);
  });
});
