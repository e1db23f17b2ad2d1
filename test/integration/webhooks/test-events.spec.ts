import { Webhook } from 'standardwebhooks';
import type { DeliveryBody } from '../../../src/webhooks/deliveries.dto.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

let app: WebhooksApp;
let bench: Workbench;
let receiver: WebhookReceiver;

beforeAll(async () => {
  app = await startWebhooksApp({ WEBHOOK_RETRY_SCHEDULE: '0,0' });
  ({ bench } = app);
});
afterAll(() => app.close());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const sendTest = ({ id, ownerId }: WebhookEndpoint) =>
  app.call('POST', `/webhooks/${id}/test`, { owner: ownerId }) as Promise<Answer<DeliveryBody>>;

describe('POST /api/webhooks/{id}/test', () => {
  it('answers the delivery that is on its way, and wakes a worker', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const { status, body } = await sendTest(endpoint);
    expect({ status, body }).toEqual({
      status: 202,
      body: {
        delivery_id: expect.stringMatching(/^dlv_/),
        event_id: expect.stringMatching(/^evt_/),
        webhook_id: endpoint.id,
        type: 'endpoint.test',
        request_id: null,
        status: 'pending',
        created_at: expect.any(String),
        next_attempt_at: expect.any(String),
        attempts: [],
      },
    });
    expect(await bench.wakeupDelays(endpoint.id)).toEqual([0]);
    const again = await app.call('GET', `/deliveries/${body.delivery_id}`, { owner: endpoint.ownerId });
    expect(again.body).toEqual(body);
  });

  it('sends a signed event of the same shape as all others', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await bench.drain(endpoint.id);
    const { body: delivery } = await sendTest(endpoint);
    await bench.drain(endpoint.id);
    const [ofRequest, ofTest] = receiver.posts.map(({ body }) => JSON.parse(body.toString()) as object);
    const post = receiver.posts[1]!;
    expect(post.headers['webhook-id']).toBe(delivery.event_id);
    expect(new Webhook(endpoint.secret).verify(post.body, post.headers)).toEqual({
      type: 'endpoint.test',
      timestamp: expect.stringMatching(/Z$/),
      request_id: null,
      status: 'test',
      message: 'This is a test',
      output_csv_url: null,
      data: { webhook_id: endpoint.id, events: endpoint.events },
    });
    expect(Object.keys(ofTest!)).toEqual(Object.keys(ofRequest!));
  });

  it.each([
    [204, 'delivered'],
    [500, 'failed'],
    [302, 'failed'],
  ])('makes one attempt, which decides: %i is %s', async (answer, status) => {
    receiver.script.push({ status: answer });
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await sendTest(endpoint);
    await bench.drain(endpoint.id);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(1);
    expect(await bench.log(endpoint)).toEqual([
      expect.objectContaining({
        status,
        nextAttemptAt: null,
        attempts: [expect.objectContaining({ number: 1, trigger: 'manual', status_code: answer })],
      }),
    ]);
  });

  it('goes to this endpoint alone, whatever it has chosen to be told of', async () => {
    const ownerId = 'choosy';
    const endpoint = await bench.register(receiver.url(), { ownerId, events: ['request.cancelled'] });
    const other = await bench.register(receiver.url('/other'), { ownerId });
    await sendTest(endpoint);
    await bench.drain(endpoint.id);
    await bench.drain(other.id);
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/hook']);
    expect(await bench.log(other)).toEqual([]);
  });

  it('sends every test it is asked for, each with an id of its own', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await Promise.all([sendTest(endpoint), sendTest(endpoint), sendTest(endpoint)]);
    await bench.drain(endpoint.id);
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
  });

  it('can be sent again like any other delivery', async () => {
    receiver.script.push({ status: 500 }, { status: 204 });
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const { body } = await sendTest(endpoint);
    await bench.drain(endpoint.id);
    await bench.deliveries.redeliver(endpoint.ownerId, body.delivery_id);
    await bench.drain(endpoint.id);
    expect(await bench.log(endpoint)).toEqual([expect.objectContaining({ status: 'delivered' })]);
    expect(receiver.posts[1]!.headers['webhook-id']).toBe(body.event_id);
  });

  it('is found by the reconciler when its wake-up got lost', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await sendTest(endpoint);
    await bench.rows(`DELETE FROM bullmq.job WHERE data->>'endpointId' = $1`, [endpoint.id]);
    await bench.due.wakeDue();
    expect(await bench.wakeupDelays(endpoint.id)).toEqual([0]);
  });

  it('is refused while the endpoint is disabled', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    expect(await sendTest(endpoint)).toMatchObject({
      status: 409,
      body: { code: 'webhook_disabled', detail: expect.stringContaining('Its owner disabled it.') },
    });
    expect(await bench.log(endpoint)).toEqual([]);
    const events = await bench.rows(`SELECT 1 FROM webhook_event WHERE owner_id = $1`, [endpoint.ownerId]);
    expect(events).toEqual([]);
  });

  it('is cancelled with everything else when the endpoint is disabled before it was sent', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await sendTest(endpoint);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    expect(await bench.log(endpoint)).toEqual([
      expect.objectContaining({ status: 'cancelled', nextAttemptAt: null }),
    ]);
  });
});
