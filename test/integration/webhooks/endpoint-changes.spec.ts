import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import type { WebhookBody } from '../../../src/webhooks/webhooks.dto.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

let app: WebhooksApp;
let bench: Workbench;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startWebhooksApp();
  ({ bench } = app);
});
afterAll(() => app.close());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const change = ({ id, ownerId }: WebhookEndpoint, json: unknown) =>
  app.call('PATCH', `/webhooks/${id}`, { owner: ownerId, json }) as Promise<Answer<WebhookBody>>;
/** The whole row as it is stored. */
const row = async ({ id }: WebhookEndpoint) => {
  const [found] = await bench.rows<{ row: Record<string, unknown> }>(
    `SELECT to_jsonb(endpoint) AS row FROM webhook_endpoint endpoint WHERE id = $1`,
    [id],
  );
  return found!.row;
};
/** The endpoint has a bad record. */
const fallIll = ({ id }: WebhookEndpoint) =>
  bench.rows(
    `UPDATE webhook_endpoint SET failing_since = now() - interval '4 d', slow = true WHERE id = $1`,
    [id],
  );
const statuses = async (endpoint: WebhookEndpoint): Promise<string[]> =>
  (await bench.log(endpoint)).map(({ status }) => status);

describe('PATCH /api/webhooks/{id}', () => {
  it('changes what it wants to be told of, from then on', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const answer = await change(endpoint, { events: ['request.cancelled', 'request.failed'] });
    expect(answer).toMatchObject({
      status: 200,
      body: { webhook_id: endpoint.id, events: ['request.failed', 'request.cancelled'] },
    });
    await bench.finishRequest(endpoint.ownerId, 'completed');
    await bench.finishRequest(endpoint.ownerId, 'failed');
    expect((await bench.log(endpoint)).map(({ type }) => type)).toEqual(['request.failed']);
  });

  it('moves it to another address, with what is pending, and forgets its record', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url('/old'), 2);
    await fallIll(endpoint);
    const answer = await change(endpoint, { webhook_url: receiver.url('/new') });
    expect(answer).toMatchObject({ status: 200, body: { webhook_url: receiver.url('/new'), enabled: true } });
    expect(await row(endpoint)).toMatchObject({ failing_since: null, slow: false });
    await bench.drain(endpoint.id);
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/new', '/new']);
  });

  it('keeps its record when the address is the one it has', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await fallIll(endpoint);
    const before = await row(endpoint);
    await change(endpoint, { webhook_url: receiver.url(), enabled: true });
    expect(await row(endpoint)).toEqual(before);
  });

  it('disables: what is pending is cancelled, what was asked for is forgotten, nothing is sent', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 2);
    await bench.drain(endpoint.id);
    await bench.finishRequest(endpoint.ownerId);
    const [first, , last] = await bench.log(endpoint);
    await bench.deliveries.redeliver(endpoint.ownerId, first!.id);
    await bench.deliveries.redeliver(endpoint.ownerId, last!.id);

    const answer = await change(endpoint, { enabled: false });
    expect(answer).toMatchObject({
      status: 200,
      body: { enabled: false, disabled_reason: 'Its owner disabled it.' },
    });
    expect(await statuses(endpoint)).toEqual(['delivered', 'delivered', 'cancelled']);
    expect((await bench.log(endpoint)).map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([null, null, null]);
    await bench.drain(endpoint.id);
    expect(await bench.due.at(endpoint.id, 10, [])).toEqual([]);
    expect(receiver.posts).toHaveLength(2);
  });

  it('leaves one that is disabled already as it is', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    receiver.script.push({ status: 410 });
    await bench.drain(endpoint.id);
    const before = await row(endpoint);
    expect(await change(endpoint, { enabled: false })).toMatchObject({
      status: 200,
      body: { enabled: false, disabled_reason: 'It answered 410 Gone.' },
    });
    expect(await row(endpoint)).toEqual(before);
  });

  it('enables: it begins anew, and is told of what happens from then on', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await change(endpoint, { enabled: false });
    await fallIll(endpoint);
    expect(await change(endpoint, { enabled: true })).toMatchObject({
      status: 200,
      body: { enabled: true, disabled_reason: null },
    });
    expect(await row(endpoint)).toMatchObject({ failing_since: null, slow: false });
    await bench.finishRequest(endpoint.ownerId);
    await bench.drain(endpoint.id);
    expect(await statuses(endpoint)).toEqual(['cancelled', 'delivered']);
  });

  it('does all of it in one call', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const all = { enabled: false, events: ['request.failed'], webhook_url: receiver.url('/new') };
    expect(await change(endpoint, all)).toMatchObject({ status: 200, body: all });
  });

  it.each([[{}], [null], [undefined]])('changes nothing when it names nothing: %j', async (json) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await fallIll(endpoint);
    const before = await row(endpoint);
    expect(await change(endpoint, json)).toMatchObject({ status: 200, body: { webhook_id: endpoint.id } });
    expect(await row(endpoint)).toEqual(before);
  });

  it.each<[unknown, string]>([
    [{ enabled: null }, 'validation_failed'],
    [{ enabled: 'false' }, 'validation_failed'],
    [{ enabled: 0 }, 'validation_failed'],
    [{ events: null }, 'validation_failed'],
    [{ events: 'request.failed' }, 'validation_failed'],
    [{ events: [] }, 'validation_failed'],
    [{ events: [null] }, 'validation_failed'],
    [{ events: ['request.failed', 'endpoint.test'] }, 'validation_failed'],
    [{ webhook_url: null }, 'validation_failed'],
    [{ webhook_url: 7 }, 'validation_failed'],
    [{ webhook_url: '' }, 'webhook_url_invalid'],
    [{ webhook_url: 'ftp://shop.example/' }, 'webhook_url_invalid'],
    [{ webhook_url: 'https://user:pass@shop.example/' }, 'webhook_url_invalid'],
    [{ enabled: false, secret: 'whsec_mine' }, 'validation_failed'],
    [{ enabled: false, url: 'https://shop.example/' }, 'validation_failed'],
    [{ enabled: false, owner_id: 'me' }, 'validation_failed'],
    [[{ enabled: false }], 'validation_failed'],
    ['enabled', 'validation_failed'],
  ])('refuses %j and changes nothing', async (json, code) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const before = await row(endpoint);
    expect(await change(endpoint, json)).toMatchObject({ status: 422, body: { code } });
    expect(await row(endpoint)).toEqual(before);
    expect(await statuses(endpoint)).toEqual(['pending']);
  });

  it('refuses a NUL in the address', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    expect(await change(endpoint, { webhook_url: 'https://shop.example/\0' })).toMatchObject({
      status: 422,
      body: { code: 'webhook_url_invalid' },
    });
  });
});
