import type { ServerResponse } from 'node:http';
import type { DeliveryBody } from '../../../src/webhooks/deliveries.dto.js';
import type { LoggedDelivery } from '../../../src/webhooks/delivery-log.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

let app: WebhooksApp;
let bench: Workbench;
let receiver: WebhookReceiver;
/** Answers that the receiver keeps back until the test gives them. */
let held: ServerResponse[];

beforeAll(async () => {
  app = await startWebhooksApp({ WEBHOOK_RETRY_SCHEDULE: '0,1h' });
  ({ bench } = app);
});
afterAll(() => app.close());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  held = [];
});
afterEach(() => receiver.close());

const holdAnswer = (_request: unknown, response: ServerResponse): void => void held.push(response);
const redeliver = ({ ownerId }: WebhookEndpoint, { id }: LoggedDelivery) =>
  app.call('POST', `/deliveries/${id}/redeliver`, { owner: ownerId }) as Promise<Answer<DeliveryBody>>;
const only = async (endpoint: WebhookEndpoint): Promise<LoggedDelivery> => {
  const [delivery, ...more] = await bench.log(endpoint);
  expect(more).toEqual([]);
  return delivery!;
};
const triggers = ({ attempts }: LoggedDelivery): string[] =>
  (attempts ?? []).map(({ number, trigger, status_code }) => `${number} ${trigger} ${status_code}`);
/** Where it stands in its schedule. */
const place = async ({ id }: LoggedDelivery) => {
  const [row] = await bench.rows(
    `SELECT status, attempt_count, next_attempt_at::text, redeliver_at FROM webhook_delivery WHERE id = $1`,
    [id],
  );
  return row;
};
/** An endpoint with one delivery in that status. */
async function endpointWith(status: string): Promise<WebhookEndpoint> {
  const endpoint = await bench.registerWithEvents(receiver.url(), 1);
  const { id, ownerId } = endpoint;
  if (status === 'cancelled') {
    await bench.endpoints.change(ownerId, id, { enabled: false });
    await bench.endpoints.change(ownerId, id, { enabled: true });
    return endpoint;
  }
  receiver.script.push({ status: status === 'delivered' ? 204 : 500 });
  await bench.drain(id);
  if (status === 'failed') {
    await bench.rows(`UPDATE webhook_delivery SET next_attempt_at = now() WHERE endpoint_id = $1`, [id]);
    await bench.drain(id);
  }
  receiver.script.length = 0;
  expect((await only(endpoint)).status).toBe(status);
  return endpoint;
}

describe('POST /api/deliveries/{id}/redeliver', () => {
  it.each([
    ['delivered', ['1 scheduled 204', '2 manual 204']],
    ['failed', ['1 scheduled 500', '2 scheduled 500', '3 manual 204']],
    ['pending', ['1 scheduled 500', '2 manual 204']],
    ['cancelled', ['1 manual 204']],
  ])('sends one that is %s again, with the same id and body', async (status, expected) => {
    const endpoint = await endpointWith(status);
    const delivery = await only(endpoint);
    const sent = receiver.posts.length;
    const answer = await redeliver(endpoint, delivery);
    expect(answer).toMatchObject({
      status: 202,
      body: { delivery_id: delivery.id, status, next_attempt_at: expect.stringMatching(/Z$/) },
    });
    expect(await bench.wakeupDelays(endpoint.id)).toContain(0);
    await bench.drain(endpoint.id);

    expect(receiver.posts).toHaveLength(sent + 1);
    const last = receiver.posts.at(-1)!;
    expect(last.headers['webhook-id']).toBe(delivery.eventId);
    for (const post of receiver.posts) expect(post.body.equals(last.body)).toBe(true);
    const after = await only(endpoint);
    expect(after).toMatchObject({ status: 'delivered', nextAttemptAt: null });
    expect(triggers(after)).toEqual(expected);
  });

  it.each(['delivered', 'failed', 'pending', 'cancelled'])(
    'leaves one that is %s where it stood when the attempt fails',
    async (status) => {
      const endpoint = await endpointWith(status);
      const delivery = await only(endpoint);
      const before = await place(delivery);
      receiver.script.push({ status: 503 });
      await redeliver(endpoint, delivery);
      await bench.drain(endpoint.id);
      expect(triggers(await only(endpoint)).at(-1)).toMatch(/manual 503$/);
      expect(await place(delivery)).toEqual(before);
    },
  );

  it('ends the schedule of a pending one with a success', async () => {
    const endpoint = await endpointWith('pending');
    const delivery = await only(endpoint);
    await redeliver(endpoint, delivery);
    await bench.drain(endpoint.id);
    expect(await place(delivery)).toEqual({
      status: 'delivered',
      attempt_count: 1,
      next_attempt_at: null,
      redeliver_at: null,
    });
  });

  it('lets the schedule go on after a manual failure, with all its attempts', async () => {
    const endpoint = await endpointWith('pending');
    receiver.script.push({ status: 503 });
    await redeliver(endpoint, await only(endpoint));
    await bench.drain(endpoint.id);
    await bench.rows(`UPDATE webhook_delivery SET next_attempt_at = now() WHERE endpoint_id = $1`, [
      endpoint.id,
    ]);
    await bench.drain(endpoint.id);
    const delivery = await only(endpoint);
    expect(triggers(delivery)).toEqual(['1 scheduled 500', '2 manual 503', '3 scheduled 503']);
    expect(delivery.status).toBe('failed');
  });

  it('makes one attempt of several askings that wait', async () => {
    const endpoint = await endpointWith('delivered');
    const delivery = await only(endpoint);
    for (let time = 0; time < 3; time += 1) await redeliver(endpoint, delivery);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(2);
  });

  it.each([204, 500])(
    'makes one more when it is asked while a manual attempt is under way: %i',
    async (status) => {
      const endpoint = await endpointWith('delivered');
      const delivery = await only(endpoint);
      receiver.script.push({}, holdAnswer, { status: 204 });
      await redeliver(endpoint, delivery);
      const draining = bench.drain(endpoint.id);
      await receiver.arrived(2);
      await redeliver(endpoint, delivery);
      await redeliver(endpoint, delivery);
      held[0]!.writeHead(status).end();
      await draining;
      if (status === 500) await bench.drain(endpoint.id); // it turned slow and gave its place back
      expect(triggers(await only(endpoint))).toEqual([
        '1 scheduled 204',
        `2 manual ${status}`,
        '3 manual 204',
      ]);
      expect((await only(endpoint)).nextAttemptAt).toBeNull();
    },
  );

  it('makes one more when it is asked while an attempt of the schedule is under way', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    receiver.script.push(holdAnswer, { status: 204 });
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(1);
    await redeliver(endpoint, await only(endpoint));
    held[0]!.writeHead(204).end();
    await draining;
    expect(triggers(await only(endpoint))).toEqual(['1 scheduled 204', '2 manual 204']);
  });

  it('is refused while the endpoint is disabled, and changes nothing', async () => {
    const endpoint = await endpointWith('delivered');
    const delivery = await only(endpoint);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    const answer = await redeliver(endpoint, delivery);
    expect(answer).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    expect(await only(endpoint)).toEqual(delivery);
  });

  it('does not keep what is new waiting behind it', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 6);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: true });
    await bench.deliveries.redeliverSince(endpoint.ownerId, endpoint.id, new Date(0));
    receiver.script.push(holdAnswer);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(4);
    await bench.finishRequest(endpoint.ownerId);
    const fresh = (await bench.log(endpoint)).at(-1)!;
    receiver.script.push({ status: 204 });
    held.shift()!.writeHead(204).end();
    await receiver.arrived(5);
    expect(receiver.posts[4]!.headers['webhook-id']).toBe(fresh.eventId);
    for (const response of held) response.writeHead(204).end();
    await draining;
    expect(receiver.posts).toHaveLength(7);
  });

  it('is repeated when the process stops in the middle', async () => {
    const endpoint = await endpointWith('failed');
    await redeliver(endpoint, await only(endpoint));
    receiver.script.push(holdAnswer);
    const stop = new AbortController();
    const draining = bench.drain(endpoint.id, stop.signal, stop.signal);
    await receiver.arrived(3);
    stop.abort();
    await draining;
    expect(await bench.wakeupDelays(endpoint.id)).toContain(0);
    receiver.script[0] = { status: 204 };
    await bench.drain(endpoint.id);
    expect(triggers(await only(endpoint))).toEqual(['1 scheduled 500', '2 scheduled 500', '3 manual 204']);
  });
});
