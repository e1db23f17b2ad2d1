import { Logger } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import type { WebhookAttempt } from '../../../src/webhooks/webhook-attempt.entity.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import {
  drip,
  endless,
  gzipped,
  resetBeforeHeaders,
  resetMidBody,
  stall,
  tooManyRequests,
} from '../../support/origin.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { fakeDate } from './fake-date.js';
import { Workbench } from './workbench.js';

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
let warnings: jest.SpyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url, {
    WEBHOOK_RETRY_SCHEDULE: '0,1h,2h',
    WEBHOOK_TIMEOUT: '300ms',
    WEBHOOK_DISABLE_AFTER: '120h',
  });
});

afterAll(async () => {
  await bench.close();
  await database.drop();
});

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
});

afterEach(async () => {
  jest.useRealTimers();
  warnings.mockRestore();
  await receiver.close();
});

/** An endpoint of its own owner at the receiver, with so many events to be told. */
async function endpointWithEvents(count: number, path = '/hook'): Promise<WebhookEndpoint> {
  const ownerId = `owner-${Math.random()}`;
  const endpoint = await bench.register(receiver.url(path), { ownerId });
  await Promise.all(Array.from({ length: count }, () => bench.finishRequest(ownerId)));
  return endpoint;
}

const attempts = (endpoint: WebhookEndpoint) =>
  bench.rows<WebhookAttempt>(
    `SELECT number, trigger, at, duration_ms AS "durationMs", status_code AS "statusCode", error, response
     FROM webhook_attempt JOIN webhook_delivery delivery ON delivery.id = delivery_id
     WHERE endpoint_id = $1 ORDER BY delivery_id, number`,
    [endpoint.id],
  );
const deliveries = (endpoint: WebhookEndpoint) =>
  bench.rows<{ status: string; count: number; minutes: number | null }>(
    `SELECT status, attempt_count AS count,
       extract(epoch FROM next_attempt_at - clock_timestamp())::float8 / 60 AS minutes
     FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY created_at, id`,
    [endpoint.id],
  );
const state = async (endpoint: WebhookEndpoint) => {
  const [row] = await bench.rows<{ enabled: boolean; reason: string | null; failing: boolean }>(
    `SELECT enabled, disabled_reason AS reason, failing_since IS NOT NULL AS failing FROM webhook_endpoint WHERE id = $1`,
    [endpoint.id],
  );
  return row!;
};
/** The time of the next attempt has come. */
const timePasses = (endpoint: WebhookEndpoint) =>
  bench.rows(
    `UPDATE webhook_delivery SET next_attempt_at = now() WHERE endpoint_id = $1 AND status = 'pending'`,
    [endpoint.id],
  );

describe('an attempt that succeeds', () => {
  it('is a signed POST of the event, and the delivery is delivered', async () => {
    receiver.script.push({ status: 202, body: 'thanks' });
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);

    const [post] = receiver.posts;
    expect(post!.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^evt_/),
    });
    expect(new Webhook(endpoint.secret).verify(post!.body, post!.headers)).toMatchObject({
      type: 'request.completed',
    });
    expect(await attempts(endpoint)).toEqual([
      {
        number: 1,
        trigger: 'scheduled',
        at: expect.any(Date),
        durationMs: expect.any(Number),
        statusCode: 202,
        error: null,
        response: 'thanks',
      },
    ]);
    expect(await deliveries(endpoint)).toEqual([{ status: 'delivered', count: 1, minutes: null }]);
    expect(await state(endpoint)).toEqual({ enabled: true, reason: null, failing: false });
  });

  it('is not made again', async () => {
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(1);
  });
});

describe('an attempt that fails', () => {
  it.each([
    ['a 500', { status: 500, body: 'oops' }, { statusCode: 500, error: null, response: 'oops' }],
    ['no answer', stall(), { statusCode: null, error: 'timeout', response: null }],
    [
      'a broken connection',
      resetBeforeHeaders(),
      { statusCode: null, error: 'connect_failed', response: null },
    ],
  ])('is recorded as it was: %s', async (_name, answer, expected) => {
    receiver.script.push(answer);
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    expect(await attempts(endpoint)).toEqual([expect.objectContaining({ number: 1, ...expected })]);
  });

  it('does not follow a redirect', async () => {
    receiver.script.push({ status: 307, headers: { location: receiver.url('/elsewhere') } });
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/hook']);
    expect(await attempts(endpoint)).toEqual([expect.objectContaining({ statusCode: 307, error: null })]);
    expect(await deliveries(endpoint)).toEqual([expect.objectContaining({ status: 'pending', count: 1 })]);
  });

  it('is repeated by the schedule with the same id and bytes, signed anew, and fails for good after the last step', async () => {
    receiver.script.push({ status: 500 });
    const endpoint = await endpointWithEvents(1);
    const minutes: number[] = [];
    fakeDate();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      jest.setSystemTime(Date.now() + 3_600_000);
      await timePasses(endpoint);
      await bench.drain(endpoint.id);
      const [delivery] = await deliveries(endpoint);
      expect(delivery).toMatchObject({ status: attempt < 3 ? 'pending' : 'failed', count: attempt });
      minutes.push(delivery!.minutes ?? NaN);
    }
    expect(minutes[0]).toBeGreaterThan(47);
    expect(minutes[0]).toBeLessThanOrEqual(72);
    expect(minutes[1]).toBeGreaterThan(95);
    expect(minutes[1]).toBeLessThanOrEqual(144);
    expect(minutes[2]).toBeNaN();

    expect(receiver.posts).toHaveLength(3);
    const [first] = receiver.posts;
    for (const post of receiver.posts) {
      expect(post.body.equals(first!.body)).toBe(true);
      expect(post.headers['webhook-id']).toBe(first!.headers['webhook-id']);
      jest.setSystemTime(Number(post.headers['webhook-timestamp']) * 1000);
      new Webhook(endpoint.secret).verify(post.body, post.headers);
    }
    const timestamps = receiver.posts.map(({ headers }) => headers['webhook-timestamp']);
    expect(new Set(timestamps).size).toBe(3);
    expect((await attempts(endpoint)).map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings).toHaveBeenCalledWith(
      expect.stringMatching(
        /^delivery dlv_\w+ .*failed for good after 3 attempts, the last with status \d+$/,
      ),
    );
  });

  it('is repeated when the receiver says, between one and two times the step', async () => {
    receiver.script.push(tooManyRequests('5400'), tooManyRequests('9999999'));
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    expect((await deliveries(endpoint))[0]!.minutes).toBeCloseTo(90, 0);
    await timePasses(endpoint);
    await bench.drain(endpoint.id);
    expect((await deliveries(endpoint))[0]!.minutes).toBeCloseTo(240, 0);
  });
});

describe('the answer', () => {
  it.each([
    ['large', { status: 500, body: 'x'.repeat(100_000) }],
    ['endless', endless()],
  ])('is cut at 16 kB when it is %s', async (_name, answer) => {
    receiver.script.push(answer);
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    const [attempt] = await attempts(endpoint);
    expect(attempt!.response).toBe('x'.repeat(16_384));
    expect(attempt!.error).toBeNull();
  });

  it.each([
    ['never ends', drip(), 'timeout', /^x+$/],
    ['breaks off', resetMidBody(), 'truncated', /^(half)?$/], // a reset may overtake what was sent before it
  ])(
    'counts by its status when the body %s: the receiver has the event',
    async (_name, answer, error, body) => {
      receiver.script.push(answer);
      const endpoint = await endpointWithEvents(1);
      await bench.drain(endpoint.id);
      expect(await attempts(endpoint)).toEqual([
        expect.objectContaining({ statusCode: 200, error, response: expect.stringMatching(body) }),
      ]);
      expect((await deliveries(endpoint))[0]!.status).toBe('delivered');
    },
  );

  it.each([
    ['NUL', { body: Buffer.from([0x61, 0, 0x62, 0xff]) }, 'a\uFFFDb\uFFFD'],
    ['gzip', gzipped(), expect.any(String)],
  ])('can be recorded whatever its bytes are: %s', async (_name, answer, response) => {
    receiver.script.push(answer);
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    expect(await attempts(endpoint)).toEqual([
      expect.objectContaining({ statusCode: 200, error: null, response }),
    ]);
    expect((await deliveries(endpoint))[0]!.status).toBe('delivered');
  });
});

describe('an endpoint', () => {
  it('that answers 410 is disabled: that delivery failed, its others are cancelled', async () => {
    const endpoint = await endpointWithEvents(3);
    await bench.rows(
      `UPDATE webhook_delivery SET next_attempt_at = now() + interval '1 h' WHERE id <> (
         SELECT min(id) FROM webhook_delivery WHERE endpoint_id = $1) AND endpoint_id = $1`,
      [endpoint.id],
    );
    receiver.script.push({ status: 410 });
    await bench.drain(endpoint.id);

    expect(await state(endpoint)).toMatchObject({ enabled: false, reason: 'It answered 410 Gone.' });
    expect((await deliveries(endpoint)).map(({ status, minutes }) => ({ status, minutes }))).toEqual([
      { status: 'failed', minutes: null },
      { status: 'cancelled', minutes: null },
      { status: 'cancelled', minutes: null },
    ]);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings).toHaveBeenCalledWith(
      `endpoint ${endpoint.id} is disabled: It answered 410 Gone. Deliveries cancelled: 2.`,
    );
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(1);
  });

  it('that answers 410 to several at once is disabled and told of once', async () => {
    const endpoint = await endpointWithEvents(4);
    receiver.script.push({ status: 410 });
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({ enabled: false });
    expect(await attempts(endpoint)).toHaveLength(receiver.posts.length);
    expect((await deliveries(endpoint)).filter(({ status }) => status === 'pending')).toEqual([]);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('is forgiven by one success', async () => {
    receiver.script.push({ status: 500 }, { status: 200 });
    const endpoint = await endpointWithEvents(1);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({ failing: true });
    await timePasses(endpoint);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({ failing: false });
  });

  it('that did nothing but fail for five days is disabled, with one line in the log', async () => {
    receiver.script.push({ status: 500 });
    const endpoint = await endpointWithEvents(2);
    await bench.rows(`UPDATE webhook_endpoint SET failing_since = now() - interval '120 h' WHERE id = $1`, [
      endpoint.id,
    ]);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({
      enabled: false,
      reason: expect.stringMatching(/^Every attempt since 20/),
    });
    expect((await deliveries(endpoint)).map(({ status }) => status).toSorted()).toEqual([
      'cancelled',
      'failed',
    ]);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('whose address is not public gets nothing', async () => {
    const { port } = new URL(receiver.url());
    const closed = await Workbench.open(database.url, {
      ALLOW_PRIVATE_ADDRESSES: 'false',
      ALLOWED_PORTS: port,
    });
    try {
      const endpoint = await endpointWithEvents(1);
      await closed.drain(endpoint.id);
      expect(receiver.posts).toEqual([]);
      expect(await attempts(endpoint)).toEqual([
        expect.objectContaining({ statusCode: null, error: 'address_blocked' }),
      ]);
    } finally {
      await closed.close();
    }
  });
});
