import { Logger } from '@nestjs/common';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { Workbench } from './workbench.js';

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
let warnings: jest.SpyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url, {
    WEBHOOK_RETRY_SCHEDULE: '0,1h',
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
  warnings.mockRestore();
  await receiver.close();
});

const failingFor = ({ id }: WebhookEndpoint, hours: number) =>
  bench.rows(
    `UPDATE webhook_endpoint SET failing_since = clock_timestamp() - $2 * interval '1 h' WHERE id = $1`,
    [id, hours],
  );
const state = async ({ id }: WebhookEndpoint) => {
  const [row] = await bench.rows<{ enabled: boolean; reason: string | null; hours: number | null }>(
    `SELECT enabled, disabled_reason AS reason,
       round(extract(epoch FROM clock_timestamp() - failing_since) / 3600)::int AS hours
     FROM webhook_endpoint WHERE id = $1`,
    [id],
  );
  return row!;
};
const statuses = async (endpoint: WebhookEndpoint): Promise<string[]> =>
  (await bench.log(endpoint)).map(({ status }) => status);
/** A delivered, a failed and two pending deliveries, of which one was asked for; the next answer is `status`. */
async function endpointAskedFor(status: number): Promise<WebhookEndpoint> {
  const endpoint = await bench.registerWithEvents(receiver.url(), 4);
  const ids = (await bench.log(endpoint)).map(({ id }) => id);
  await bench.rows(
    `UPDATE webhook_delivery SET next_attempt_at = now() + interval '1 h' WHERE endpoint_id = $1`,
    [endpoint.id],
  );
  for (const [index, past] of ['delivered', 'failed'].entries()) {
    await bench.rows(`UPDATE webhook_delivery SET status = $2, next_attempt_at = NULL WHERE id = $1`, [
      ids[index],
      past,
    ]);
  }
  receiver.script.push({ status });
  await bench.deliveries.redeliver(endpoint.ownerId, ids[2]!);
  return endpoint;
}

describe('an attempt that somebody asked for', () => {
  it('disables the endpoint when the answer is 410: that delivery failed, what is pending is cancelled', async () => {
    const endpoint = await endpointAskedFor(410);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({ enabled: false, reason: 'It answered 410 Gone.' });
    expect(await statuses(endpoint)).toEqual(['delivered', 'failed', 'failed', 'cancelled']);
    expect(warnings.mock.calls.map(([line]: unknown[]) => line)).toEqual([
      `endpoint ${endpoint.id} is disabled: It answered 410 Gone. Deliveries cancelled: 1.`,
    ]);
  });

  it('disables it after five days of nothing but failures', async () => {
    const endpoint = await endpointAskedFor(500);
    await failingFor(endpoint, 121);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toMatchObject({
      enabled: false,
      reason: expect.stringMatching(/^Every attempt since 20/),
    });
    expect(await statuses(endpoint)).toEqual(['delivered', 'failed', 'failed', 'cancelled']);
  });

  it('leaves it enabled before', async () => {
    const endpoint = await endpointAskedFor(500);
    await failingFor(endpoint, 119);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ enabled: true, reason: null, hours: 119 });
    expect(await statuses(endpoint)).toEqual(['delivered', 'failed', 'pending', 'pending']);
  });

  it('clears its record with a success', async () => {
    const endpoint = await endpointAskedFor(204);
    await failingFor(endpoint, 121);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ enabled: true, reason: null, hours: null });
  });

  it.each(['delivered', 'failed', 'cancelled'])(
    'keeps one that is %s so when it disables',
    async (status) => {
      const endpoint = await bench.registerWithEvents(receiver.url(), 1);
      const [delivery] = await bench.log(endpoint);
      await bench.rows(`UPDATE webhook_delivery SET status = $2, next_attempt_at = NULL WHERE id = $1`, [
        delivery!.id,
        status,
      ]);
      receiver.script.push({ status: 410 });
      await bench.deliveries.redeliver(endpoint.ownerId, delivery!.id);
      await bench.drain(endpoint.id);
      expect((await state(endpoint)).enabled).toBe(false);
      expect(await statuses(endpoint)).toEqual([status]);
    },
  );

  it('forgets the others that were asked for when it disables', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 6);
    await bench.rows(
      `UPDATE webhook_delivery SET status = 'failed', next_attempt_at = NULL WHERE endpoint_id = $1`,
      [endpoint.id],
    );
    await bench.deliveries.redeliverSince(endpoint.ownerId, endpoint.id, new Date(0));
    receiver.script.push({ status: 410 });
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(4);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: true });
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(4);
    expect(warnings).toHaveBeenCalledTimes(1);
  });
});

describe('a test event', () => {
  it('that is answered with 410 has failed, and disables', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    receiver.script.push({ status: 410 });
    await bench.deliveries.sendTest(endpoint.ownerId, endpoint.id);
    await bench.drain(endpoint.id);
    expect((await state(endpoint)).enabled).toBe(false);
    expect(await statuses(endpoint)).toEqual(['failed']);
  });
});

describe('an endpoint that was not sent to for long', () => {
  it('begins anew when its first failure lies twice the time back', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await failingFor(endpoint, 240);
    receiver.script.push({ status: 500 });
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ enabled: true, reason: null, hours: 0 });
  });

  it('is disabled when it lies a little less back', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await failingFor(endpoint, 239);
    receiver.script.push({ status: 500 });
    await bench.drain(endpoint.id);
    expect((await state(endpoint)).enabled).toBe(false);
  });

  it('begins anew with the first attempt after it was enabled again', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await failingFor(endpoint, 121);
    receiver.script.push({ status: 500 });
    await bench.drain(endpoint.id);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: true });
    await bench.finishRequest(endpoint.ownerId);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ enabled: true, reason: null, hours: 0 });
    expect(await statuses(endpoint)).toEqual(['failed', 'pending']);
  });
});
