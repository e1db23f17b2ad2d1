import type { DeliveryPage } from '../../../src/webhooks/deliveries.dto.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { resetBeforeHeaders } from '../../support/origin.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

let app: WebhooksApp;
let bench: Workbench;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startWebhooksApp({ WEBHOOK_RETRY_SCHEDULE: '0,1h' });
  ({ bench } = app);
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  await receiver.close();
  await app.close();
});

const page = async ({ id, ownerId }: WebhookEndpoint, query = ''): Promise<DeliveryPage> => {
  const path = `/webhooks/${id}/deliveries${query}`;
  const answer = (await app.call('GET', path, { owner: ownerId })) as Answer<DeliveryPage>;
  expect(answer.status).toBe(200);
  return answer.body;
};
const idsOf = ({ data }: DeliveryPage): string[] => data.map((delivery) => delivery.delivery_id);
const createdAt = (id: string, time: string) =>
  bench.rows(`UPDATE webhook_delivery SET created_at = $2 WHERE id = $1`, [id, time]);

describe('GET /api/webhooks/{id}/deliveries', () => {
  it('shows a delivery with every attempt in its order', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    receiver.script = [{ status: 500, body: 'oops' }, resetBeforeHeaders(), { status: 200, body: 'thanks' }];
    const own = await startWebhookReceiver(...receiver.script);
    try {
      await bench.endpoints.change(endpoint.ownerId, endpoint.id, { url: own.url() });
      await bench.drain(endpoint.id);
      const [delivery] = await bench.log(endpoint);
      const { id, eventId, requestId } = delivery!;
      await bench.deliveries.redeliver(endpoint.ownerId, id);
      await bench.drain(endpoint.id);
      await bench.rows(`UPDATE webhook_delivery SET next_attempt_at = now() WHERE id = $1`, [id]);
      await bench.drain(endpoint.id);

      const attempt = { at: expect.stringMatching(/^20\d\d-.*\.\d{3}Z$/), duration_ms: expect.any(Number) };
      const expected = {
        delivery_id: id,
        event_id: eventId,
        webhook_id: endpoint.id,
        type: 'request.completed',
        request_id: requestId,
        status: 'delivered',
        created_at: expect.stringMatching(/^20\d\d-.*\.\d{3}Z$/),
        next_attempt_at: null,
        attempts: [
          { ...attempt, number: 1, trigger: 'scheduled', status_code: 500, error: null, response: 'oops' },
          {
            ...attempt,
            number: 2,
            trigger: 'manual',
            status_code: null,
            error: 'connect_failed',
            response: null,
          },
          { ...attempt, number: 3, trigger: 'scheduled', status_code: 200, error: null, response: 'thanks' },
        ],
      };
      expect(await page(endpoint)).toEqual({ data: [expected], next_cursor: null });
      expect(await app.call('GET', `/deliveries/${id}`, { owner: endpoint.ownerId })).toEqual({
        status: 200,
        body: expected,
      });
      // The time in the log is that of the signature.
      const [first] = (await page(endpoint)).data[0]!.attempts;
      expect(Math.floor(Date.parse(first!.at) / 1000)).toBe(
        Number(own.posts[0]!.headers['webhook-timestamp']),
      );
    } finally {
      await own.close();
    }
  });

  it('says when the next attempt comes: of the schedule, or the one that was asked for', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const [delivery] = await bench.log(endpoint);
    await bench.rows(
      `UPDATE webhook_delivery SET next_attempt_at = '2100-01-01T00:00:00.123456Z' WHERE id = $1`,
      [delivery!.id],
    );
    expect((await page(endpoint)).data[0]!.next_attempt_at).toBe('2100-01-01T00:00:00.123Z');
    await bench.deliveries.redeliver(endpoint.ownerId, delivery!.id);
    expect(Date.parse((await page(endpoint)).data[0]!.next_attempt_at!)).toBeLessThan(
      Date.parse('2099-01-01'),
    );
  });

  it('shows the latest 50 of more attempts, in their order', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const [delivery] = await bench.log(endpoint);
    await bench.rows(
      `INSERT INTO webhook_attempt (delivery_id, number, trigger, at, duration_ms)
       SELECT $1, n, 'manual', now(), 1 FROM generate_series(1, 60) n ORDER BY n DESC`,
      [delivery!.id],
    );
    const [shown] = (await page(endpoint)).data;
    expect(shown!.attempts.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, n) => n + 11));
  });

  it('lists the newest first, and walks through all of them once while new ones come in', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 7);
    const ids = (await bench.log(endpoint)).map(({ id }) => id).toReversed();
    const walked: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const found: DeliveryPage = await page(endpoint, `?limit=3${cursor && `&cursor=${cursor}`}`);
      walked.push(...idsOf(found));
      cursor = found.next_cursor;
      await bench.finishRequest(endpoint.ownerId);
    }
    expect(walked).toEqual(ids);
  });

  it('shows 20 unless it is asked for more, at most 100', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 22);
    expect((await page(endpoint)).data).toHaveLength(20);
    expect(await page(endpoint, '?limit=22')).toMatchObject({ data: { length: 22 }, next_cursor: null });
  });

  it('finds deliveries by status, type and request', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const { ownerId, id } = endpoint;
    const failed = await bench.finishRequest(ownerId, 'failed');
    await bench.deliveries.sendTest(ownerId, id);
    const [completion, failure, test] = (await bench.log(endpoint)).map((delivery) => delivery.id);
    await bench.rows(`UPDATE webhook_delivery SET status = 'delivered' WHERE id = $1`, [completion]);
    const found = async (query: string): Promise<string[]> => idsOf(await page(endpoint, query));

    expect(await found('?status=delivered')).toEqual([completion]);
    expect(await found('?status=pending')).toEqual([test, failure]);
    expect(await found('?status=cancelled')).toEqual([]);
    expect(await found('?type=request.failed')).toEqual([failure]);
    expect(await found('?type=endpoint.test')).toEqual([test]);
    expect(await found(`?request_id=${failed.id}`)).toEqual([failure]);
    expect(await found(`?request_id=${failed.id}&status=delivered`)).toEqual([]);
    expect(await found('?status=pending&limit=1')).toEqual([test]);
  });

  it('finds deliveries by time, as the log shows it', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    const [early, middle, late] = (await bench.log(endpoint)).map(({ id }) => id) as [string, string, string];
    await createdAt(early, '2026-11-20T09:30:00.122999Z');
    await createdAt(middle, '2026-11-20T09:30:00.123999Z');
    await createdAt(late, '2026-11-20T09:30:00.124000Z');
    const found = async (query: string): Promise<string[]> => idsOf(await page(endpoint, query));
    const at = '2026-11-20T09:30:00.123Z';

    expect((await page(endpoint)).data.map((delivery) => delivery.created_at)[1]).toBe(at);
    expect(await found(`?created_after=${at}`)).toEqual([late]);
    expect(await found(`?created_before=${at}`)).toEqual([early]);
    expect(
      await found(`?created_after=2026-11-20T09:30:00.122Z&created_before=2026-11-20T09:30:00.124Z`),
    ).toEqual([middle]);
    expect(await found('?created_after=2026-11-20&created_before=2026-11-21')).toEqual([late, middle, early]);
    expect(await found('?created_after=2026-11-20T11:30:00.123%2B02:00')).toEqual([late]);
  });

  it('shows only what is of this endpoint', async () => {
    const ownerId = 'neighbours';
    const one = await bench.register(receiver.url(), { ownerId });
    const other = await bench.register(receiver.url(), { ownerId });
    await bench.finishRequest(ownerId);
    const [theirs] = idsOf(await page(other));
    const mine = idsOf(await page(one));
    expect(mine).toHaveLength(1);
    expect(mine).not.toContain(theirs);
    const cursor = Buffer.from('dlv_ffffffffffffffffffffffffffffffff').toString('base64url');
    expect(idsOf(await page(one, `?cursor=${cursor}`))).toEqual(mine);
  });

  it.each([
    'status=done',
    'status=',
    'type=request.done',
    'request_id=7',
    'created_after=yesterday',
    'created_after=2026-11-20T09:30:00',
    'created_before=2026-11-20T23:59:60Z',
    'limit=0',
    'limit=101',
    'cursor=x',
    `cursor=${Buffer.from('whk_0199a5b47c1e7d3a9f523b1c6a7e8d90').toString('base64url')}`,
    'sort=asc',
  ])('refuses ?%s', async (query) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const { ownerId, id } = endpoint;
    expect(await app.call('GET', `/webhooks/${id}/deliveries?${query}`, { owner: ownerId })).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
  });
});
