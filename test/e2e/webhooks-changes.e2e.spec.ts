import type { RegisteredWebhookDto, RotatedSecretBody } from '../../src/webhooks/webhooks.dto.js';
import { catalogue } from '../support/catalogue.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { answered, attemptsOf, expectTrueLog, isSigned } from '../support/true-log.js';
import { HEADER } from '../support/upload-form.js';
import { heldAnswer, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { WebhooksClient } from '../support/webhooks-client.js';

/** Twice the step of the schedule: the longest that a retry can be put off. */
const LATER = { 'retry-after': '2' };
const DELIVERED = { status: 204 };

let service: TestService;
let webhooks: WebhooksClient;
let origin: Origin;
let receivers: WebhookReceiver[];

beforeAll(async () => {
  // The answers that wait for the test wait within the timeout.
  service = await startService({ WEBHOOK_RETRY_SCHEDULE: '0,1s,1s,1s', WEBHOOK_TIMEOUT: '30s' });
  webhooks = new WebhooksClient(service.api);
  origin = await startOrigin();
  receivers = [];
});
afterAll(async () => {
  await service.stop();
  await Promise.all([origin, ...receivers].map((server) => server.close()));
});

async function startReceiver(...script: WebhookReceiver['script']): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver(...script);
  receivers.push(receiver);
  return receiver;
}

async function upload(receiver: WebhookReceiver): Promise<{ id: string; webhookId: string; secret: string }> {
  const csv = await catalogue(origin, 1);
  const { request_id: id, webhook_secret: secret } = await service.api.upload(csv, {
    webhook_url: receiver.url(),
  });
  const { webhook_id: webhookId } = await webhooks.ofRequest(id);
  return { id, webhookId, secret: secret! };
}

it('a secret that is replaced while a retry is pending signs it beside the new one', async () => {
  const first = heldAnswer();
  const receiver = await startReceiver(first.listener, { status: 500 }, DELIVERED);
  const { webhookId, secret } = await upload(receiver);
  await receiver.arrived(1);
  const rotate = async (): Promise<string> => {
    const response = await webhooks.call('POST', `/api/webhooks/${webhookId}/rotate-secret`);
    expect(response.status).toBe(200);
    return ((await response.json()) as RotatedSecretBody).secret;
  };
  const second = await rotate();
  const third = await rotate();
  first.give({ status: 500 });

  const [delivery] = await webhooks.settled(webhookId);
  expect(delivery).toMatchObject({
    status: 'delivered',
    attempts: attemptsOf([answered(500), answered(500), answered(204)]),
  });
  expectTrueLog(delivery!, receiver.posts, secret);
  const signatures = receiver.posts.map((post) => ({
    count: post.headers['webhook-signature']!.split(' ').length,
    valid: [secret, second, third].map((each) => isSigned(post, each)),
  }));
  const before = { count: 1, valid: [true, false, false] };
  const after = { count: 3, valid: [true, true, true] };
  expect(signatures).toEqual([before, after, after]);
});

it.each(['whose retry is pending', 'to which an attempt is under way'])(
  'an endpoint %s is deleted: nothing is sent to it any more, and its log is gone',
  async (state) => {
    const busy = { status: 503, headers: LATER };
    const held = heldAnswer();
    const pending = state === 'whose retry is pending';
    const receiver = await startReceiver(pending ? busy : held.listener, DELIVERED);
    const { id, webhookId } = await upload(receiver);
    await receiver.arrived(1);
    if (pending) {
      await webhooks.log(webhookId, 'the first attempt', ([delivery]) => delivery?.attempts.length === 1);
    }

    expect((await webhooks.call('DELETE', `/api/webhooks/${webhookId}`)).status).toBe(204);
    held.give(busy);
    await expectProblem(webhooks.call('GET', `/api/webhooks/${webhookId}/deliveries`), 404, 'not_found');
    await expectProblem(webhooks.call('GET', `/api/webhooks/${webhookId}`), 404, 'not_found');

    // Another endpoint's retry after the longest pause there is: by then the deleted one's would have come.
    const witness = await startReceiver(busy, DELIVERED);
    const registered = await webhooks.register({ webhook_url: witness.url(), request_id: id });
    const [delivery] = await webhooks.settled(registered.webhook_id);
    expect(delivery).toMatchObject({
      event_id: receiver.posts[0]!.headers['webhook-id'],
      attempts: attemptsOf([answered(503), answered(204)]),
    });
    expectTrueLog(delivery!, witness.posts, registered.secret);
    expect(receiver.posts).toHaveLength(1);
  },
);

it('endpoints that are registered while the request ends are told of it once each', async () => {
  const image = heldAnswer();
  origin.serve('/held.jpg', image.listener);
  const { request_id: id } = await service.api.upload(`${HEADER}\n1,One,${origin.url('/held.jpg')}`);
  const receiver = await startReceiver();
  const registered: RegisteredWebhookDto[] = [];
  const register = async (): Promise<boolean> => {
    const url = receiver.url(`/${registered.length}-${Math.random()}`);
    const endpoint = await webhooks.register({ webhook_url: url, request_id: id });
    registered.push(endpoint);
    return endpoint.message.includes('already finished');
  };
  const lanes = Array.from({ length: 5 });
  // Some come before the end, and each lane goes on until it has come after it.
  expect(await Promise.all(lanes.map(register))).toEqual(lanes.map(() => false));
  image.give({ body: await photo(160, 120).jpeg({ quality: 90 }).toBuffer() });
  await Promise.all(
    lanes.map(async () => {
      for (let late = 0; late < 2;) late += Number(await register());
    }),
  );

  expect(registered.length).toBeGreaterThanOrEqual(15);
  const logs = await Promise.all(registered.map((endpoint) => webhooks.settled(endpoint.webhook_id)));
  const eventId = logs[0]![0]!.event_id;
  expect(logs).toEqual(
    registered.map(() => [
      expect.objectContaining({
        event_id: eventId,
        request_id: id,
        status: 'delivered',
        attempts: attemptsOf([answered(204)]),
      }),
    ]),
  );
  expect(receiver.posts.map(({ path }) => path).toSorted()).toEqual(
    registered.map(({ webhook_url: url }) => new URL(url).pathname).toSorted(),
  );
  for (const [index, endpoint] of registered.entries()) {
    const own = receiver.posts.filter(({ path }) => endpoint.webhook_url.endsWith(path));
    expectTrueLog(logs[index]![0]!, own, endpoint.secret);
  }
});
