import type { RedeliveryBody } from '../../../src/webhooks/deliveries.dto.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

let app: WebhooksApp;
let bench: Workbench;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startWebhooksApp({ WEBHOOK_RETRY_SCHEDULE: '0' });
  ({ bench } = app);
});
afterAll(() => app.close());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const redeliver = ({ id, ownerId }: WebhookEndpoint, json: unknown) =>
  app.call('POST', `/webhooks/${id}/redeliver`, { owner: ownerId, json }) as Promise<Answer<RedeliveryBody>>;
const change = ({ id, ownerId }: WebhookEndpoint, enabled: boolean) =>
  bench.endpoints.change(ownerId, id, { enabled });
const statuses = async (endpoint: WebhookEndpoint): Promise<string[]> =>
  (await bench.log(endpoint)).map(({ status }) => status);
const finish = async ({ ownerId }: WebhookEndpoint, count: number): Promise<void> => {
  for (let event = 0; event < count; event += 1) await bench.finishRequest(ownerId);
};
const eventIds = (): string[] => receiver.posts.map(({ headers }) => headers['webhook-id']!);
const LONG_AGO = '2020-01-01';

describe('a disabled endpoint', () => {
  it('has its events written down as cancelled, and nothing is sent', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await change(endpoint, false);
    await finish(endpoint, 3);
    await bench.drain(endpoint.id);
    expect(await statuses(endpoint)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(receiver.posts).toEqual([]);
  });

  it('stays without them when it is enabled, until it is asked for them', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await change(endpoint, false);
    await finish(endpoint, 2);
    await change(endpoint, true);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toEqual([]);
  });

  it.each([
    ['with what it missed', 2],
    ['without', 0],
  ])('cannot be told again: %s', async (_name, count) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await change(endpoint, false);
    await finish(endpoint, count);
    const before = await bench.log(endpoint);
    expect(await redeliver(endpoint, { since: LONG_AGO })).toMatchObject({
      status: 409,
      body: { code: 'webhook_disabled', detail: expect.stringContaining('Its owner disabled it.') },
    });
    expect(await bench.log(endpoint)).toEqual(before);
  });
});

describe('POST /api/webhooks/{id}/redeliver', () => {
  it('sends what failed or was missed, each event as it was, and nothing that was delivered', async () => {
    receiver.script.push({ status: 204 }, { status: 500 }, { status: 204 });
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await bench.drain(endpoint.id);
    await finish(endpoint, 1);
    await bench.drain(endpoint.id);
    await finish(endpoint, 1);
    await change(endpoint, false);
    await finish(endpoint, 2);
    await change(endpoint, true);
    expect(await statuses(endpoint)).toEqual(['delivered', 'failed', 'cancelled', 'cancelled', 'cancelled']);

    expect(await redeliver(endpoint, { since: LONG_AGO })).toEqual({
      status: 202,
      body: {
        webhook_id: endpoint.id,
        since: '2020-01-01T00:00:00.000Z',
        delivery_count: 4,
        message: '4 deliveries are sent again.',
      },
    });
    expect(await bench.wakeupDelays(endpoint.id)).toContain(0);
    await bench.drain(endpoint.id);
    expect(await statuses(endpoint)).toEqual(Array(5).fill('delivered'));

    const log = await bench.log(endpoint);
    expect(log.map(({ attempts }) => attempts!.map(({ trigger }) => trigger))).toEqual([
      ['scheduled'],
      ['scheduled', 'manual'],
      ['manual'],
      ['manual'],
      ['manual'],
    ]);
    const expected = [...log.map(({ eventId }) => eventId), log[1]!.eventId];
    expect(eventIds().toSorted()).toEqual(expected.toSorted());
    for (const post of receiver.posts) {
      const [event] = await bench.rows<{ body: string }>(`SELECT body FROM webhook_event WHERE id = $1`, [
        post.headers['webhook-id'],
      ]);
      expect(post.body.equals(Buffer.from(event!.body))).toBe(true);
    }
  });

  it('sends them in the order in which they came about, however often they were moved since', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 12);
    const ids = (await bench.log(endpoint)).map(({ id }) => id);
    await change(endpoint, false);
    await change(endpoint, true);
    for (const id of [7, 2, 9, 4]) await bench.deliveries.redeliver(endpoint.ownerId, ids[id]!);
    await redeliver(endpoint, { since: LONG_AGO });
    const due = await bench.due.at(endpoint.id, 12, []);
    expect(due.map(({ id }) => id)).toEqual(ids);
  });

  it('begins with the delivery whose created_at it is given, as the log shows it', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    const ids = (await bench.log(endpoint)).map(({ id }) => id);
    const times = ['09:30:00.122999', '09:30:00.123999', '09:30:00.124000'];
    for (const [index, time] of times.entries()) {
      await bench.rows(`UPDATE webhook_delivery SET created_at = $2, status = 'failed' WHERE id = $1`, [
        ids[index],
        `2026-11-20T${time}Z`,
      ]);
    }
    const shown = (await bench.log(endpoint)).map(({ createdAt }) => createdAt.toISOString());
    expect(shown).toEqual([
      '2026-11-20T09:30:00.122Z',
      '2026-11-20T09:30:00.123Z',
      '2026-11-20T09:30:00.124Z',
    ]);
    await redeliver(endpoint, { since: shown[1] });
    expect((await bench.due.at(endpoint.id, 9, [])).map(({ id }) => id)).toEqual(ids.slice(1));
  });

  it('understands the offset of a time', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await change(endpoint, false);
    await change(endpoint, true);
    const [delivery] = await bench.log(endpoint);
    const local = new Date(delivery!.createdAt.getTime() + 5.5 * 3_600_000)
      .toISOString()
      .replace('Z', '+05:30');
    expect((await redeliver(endpoint, { since: local })).body.delivery_count).toBe(1);
  });

  it('says so when there is nothing to send, or one', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    expect((await redeliver(endpoint, { since: LONG_AGO })).body).toMatchObject({
      delivery_count: 0,
      message: '0 deliveries are sent again.',
    });
    await change(endpoint, false);
    await change(endpoint, true);
    expect((await redeliver(endpoint, { since: LONG_AGO })).body.message).toBe('1 delivery is sent again.');
    expect((await redeliver(endpoint, { since: '2999-01-01' })).body.delivery_count).toBe(0);
  });

  it('sends each once when it is asked twice', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    await change(endpoint, false);
    await change(endpoint, true);
    await redeliver(endpoint, { since: LONG_AGO });
    await redeliver(endpoint, { since: LONG_AGO });
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(3);
  });

  it.each([
    [{}],
    [{ since: null }],
    [{ since: 7 }],
    [{ since: '' }],
    [{ since: 'yesterday' }],
    [{ since: '2026-11-20T09:30:00' }],
    [{ since: '2026-02-30' }],
    [{ since: '2026-11-20T23:59:60Z' }],
    [{ since: '2026-11-20T09:30:00+99:99' }],
    [{ since: ['2026-11-20'] }],
    [{ since: LONG_AGO, status: 'failed' }],
    [[]],
    [undefined],
  ])('refuses %j and sends nothing', async (json) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await change(endpoint, false);
    await change(endpoint, true);
    expect(await redeliver(endpoint, json)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
    expect(await bench.due.at(endpoint.id, 9, [])).toEqual([]);
  });

  it.each(['1000-01-01', '9999-12-31T23:59:59.999-11:00'])('takes %s', async (since) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    expect((await redeliver(endpoint, { since })).status).toBe(202);
  });
});
