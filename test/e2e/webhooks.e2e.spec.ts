import type { RequestListener } from 'node:http';
import type { DeliveryBody, RedeliveryBody } from '../../src/webhooks/deliveries.dto.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { catalogue } from '../support/catalogue.js';
import {
  drip,
  rawAnswer,
  redirectTo,
  resetBeforeHeaders,
  resetMidBody,
  stall,
  startOrigin,
  tooManyRequests,
  type Origin,
} from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import {
  answered,
  attemptsOf,
  brokenOff,
  expectTrueLog,
  redelivered,
  unanswered,
  type Outcome,
} from '../support/true-log.js';
import { HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';
import { heldAnswer, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { WebhooksClient } from '../support/webhooks-client.js';

/** Pauses of the schedule, in ms: the least that ±20 % leave of a second, and what Retry-After can make of it. */
const LEAST_PAUSE = 800;
const LONGEST_PAUSE = 2000;
const LATER = { 'retry-after': '2' };
const DELIVERED = { status: 204 };

let service: TestService;
let webhooks: WebhooksClient;
let origin: Origin;
/** Nobody must ever come here. */
let canary: Origin;
let csv: string;
let receivers: WebhookReceiver[];

beforeAll(async () => {
  service = await startService({ WEBHOOK_RETRY_SCHEDULE: '0,1s,1s,1s', WEBHOOK_TIMEOUT: '2s' });
  webhooks = new WebhooksClient(service.api);
  origin = await startOrigin();
  canary = await startOrigin();
  csv = await catalogue(origin, 1);
  receivers = [];
});
afterAll(async () => {
  await service.stop();
  await Promise.all([origin, canary, ...receivers].map((server) => server.close()));
});

async function startReceiver(...script: WebhookReceiver['script']): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver(...script);
  receivers.push(receiver);
  return receiver;
}

/** A small request whose end is told to the address. */
const uploadFor = (url: string): Promise<AcceptedBody> => service.api.upload(csv, { webhook_url: url });

/** 100 MB, as fast as they are taken; and how many of them were. */
function hugeAnswer(): { listener: RequestListener; taken: () => number } {
  const size = 100_000_000;
  const block = Buffer.alloc(50_000, 'x');
  let taken = 0;
  const listener: RequestListener = (_request, response) => {
    const fill = (): void => {
      while (taken < size && !response.destroyed) {
        taken += block.length;
        if (!response.write(block)) return;
      }
      response.end();
    };
    response.on('drain', fill).writeHead(200, { 'content-length': size });
    fill();
  };
  return { listener, taken: () => taken };
}

/** The headers come byte by byte and never end. */
const drippingHeaders: RequestListener = ({ socket }) => {
  const bytes = 'HTTP/1.1 200 OK\r\nx-endless: '.padEnd(1000, 'x');
  let sent = 0;
  const timer = setInterval(() => socket.write(bytes.charAt(sent++)), 50);
  socket.on('close', () => clearInterval(timer));
};

const huge = hugeAnswer();

interface Behaviour {
  receiver: string;
  script: () => WebhookReceiver['script'];
  attempts: Outcome[];
  status: DeliveryBody['status'];
  pause?: number;
  /** Where it is told, if that is not the receiver. */
  elsewhere?: (receiver: WebhookReceiver) => string;
}

const EXHAUSTING = 'answers 500 for as long as the schedule lasts';
/** As often as the schedule says. */
const fourTimes = <T>(one: T): T[] => [one, one, one, one];

/** One endpoint each, all of them at the same time. */
const BEHAVIOURS: Behaviour[] = [
  {
    receiver: 'answers 500 twice and then 204',
    script: () => [{ status: 500, body: 'broken' }, { status: 500 }, DELIVERED],
    attempts: [answered(500, 'broken'), answered(500), answered(204)],
    status: 'delivered',
  },
  {
    receiver: 'processes the event and answers too late',
    script: () => [stall(), DELIVERED],
    attempts: [unanswered('timeout'), answered(204)],
    status: 'delivered',
  },
  {
    receiver: 'redirects',
    script: () => [301, 302, 307, 308].map((status) => redirectTo(canary.url('/'), status)),
    attempts: [301, 302, 307, 308].map((status) => answered(status, 'Moved')),
    status: 'failed',
  },
  {
    receiver: 'asks for twice the step with a 429',
    script: () => [tooManyRequests('2'), DELIVERED],
    attempts: [answered(429), answered(204)],
    status: 'delivered',
    pause: LONGEST_PAUSE,
  },
  {
    receiver: 'asks for an hour with a 429, and gets twice the step',
    script: () => [tooManyRequests('3600'), DELIVERED],
    attempts: [answered(429), answered(204)],
    status: 'delivered',
    pause: LONGEST_PAUSE,
  },
  {
    receiver: 'answers with 100 MB',
    script: () => [huge.listener],
    attempts: [answered(200, 'x'.repeat(16_384))],
    status: 'delivered',
  },
  {
    receiver: 'answers 200 and a body that drips',
    script: () => [drip(50)],
    attempts: [brokenOff('timeout', /^x+$/)],
    status: 'delivered',
  },
  {
    receiver: 'answers headers that drip',
    script: () => [drippingHeaders, DELIVERED],
    attempts: [unanswered('timeout'), answered(204)],
    status: 'delivered',
  },
  {
    receiver: 'closes the socket before it answers',
    script: () => [resetBeforeHeaders(), rawAnswer(''), DELIVERED],
    attempts: [unanswered('connect_failed'), unanswered('connect_failed'), answered(204)],
    status: 'delivered',
  },
  {
    receiver: 'closes the socket in the middle of its answer',
    script: () => [resetMidBody()],
    attempts: [brokenOff('truncated', /^(half)?$/)],
    status: 'delivered',
  },
  {
    receiver: 'answers what is not HTTP',
    script: () => [rawAnswer('SMTP 220 at your service\r\n\r\n'), DELIVERED],
    attempts: [unanswered('http_unexpected'), answered(204)],
    status: 'delivered',
  },
  {
    receiver: EXHAUSTING,
    script: () => [...fourTimes({ status: 500 }), DELIVERED],
    attempts: fourTimes(answered(500)),
    status: 'failed',
  },
  {
    receiver: 'speaks no TLS',
    script: () => [],
    elsewhere: (receiver) => receiver.url().replace('http', 'https'),
    attempts: fourTimes(unanswered('tls_failed')),
    status: 'failed',
  },
  {
    receiver: 'is not there',
    script: () => [],
    elsewhere: () => 'http://127.0.0.1:1/',
    attempts: fourTimes(unanswered('connect_failed')),
    status: 'failed',
  },
];

describe('the delivery log of a receiver that', () => {
  const begun = new Map<string, { receiver: WebhookReceiver; accepted: AcceptedBody }>();

  beforeAll(async () => {
    await Promise.all(
      BEHAVIOURS.map(async ({ receiver: name, script, elsewhere }) => {
        const receiver = await startReceiver(...script());
        const accepted = await uploadFor(elsewhere?.(receiver) ?? receiver.url());
        begun.set(name, { receiver, accepted });
      }),
    );
  });

  async function settledLog(name: string) {
    const { receiver, accepted } = begun.get(name)!;
    const endpoint = await webhooks.ofRequest(accepted.request_id);
    const [delivery] = await webhooks.settled(endpoint.webhook_id);
    return { receiver, accepted, endpoint, delivery: delivery! };
  }

  it.each(BEHAVIOURS)('$receiver is true', async (behaviour) => {
    const { attempts, status, pause = LEAST_PAUSE, elsewhere } = behaviour;
    const { receiver, accepted, endpoint, delivery } = await settledLog(behaviour.receiver);
    expect(delivery).toEqual({
      delivery_id: expect.stringMatching(/^dlv_/),
      event_id: expect.stringMatching(/^evt_/),
      webhook_id: endpoint.webhook_id,
      type: 'request.completed',
      request_id: accepted.request_id,
      status,
      created_at: expect.any(String),
      next_attempt_at: null,
      attempts: attemptsOf(attempts),
    });
    if (!elsewhere) expectTrueLog(delivery, receiver.posts, accepted.webhook_secret!);
    expect(receiver.posts).toHaveLength(elsewhere ? 0 : attempts.length);
    expect(endpoint).toMatchObject({ enabled: true, disabled_reason: null });
    const times = delivery.attempts.map(({ at }) => Date.parse(at));
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - times[index]!).toBeGreaterThanOrEqual(pause);
    }
  });

  it('redirects: nobody went where it pointed', () => {
    expect(canary.connections()).toBe(0);
  });

  it('answers with 100 MB: little more than what is kept was taken', () => {
    // What the kernel's buffers of both sides hold is counted too, and is up to some megabytes.
    expect(huge.taken()).toBeLessThan(20_000_000);
  });

  it('was asked to take what had failed for good: one manual attempt, with the same id and bytes', async () => {
    const { receiver, accepted, endpoint, delivery } = await settledLog(EXHAUSTING);
    const asked = await webhooks.call('POST', `/api/deliveries/${delivery.delivery_id}/redeliver`);
    expect(asked.status).toBe(202);
    const [again] = await webhooks.settled(endpoint.webhook_id);
    expect(again).toEqual(redelivered(delivery));
    expectTrueLog(again!, receiver.posts, accepted.webhook_secret!);
  });
});

describe('an endpoint that answers 410', () => {
  let receiver: WebhookReceiver;
  let webhookId: string;
  let secret: string;
  let told: AcceptedBody[];
  let log: DeliveryBody[];

  beforeAll(async () => {
    const gone = heldAnswer();
    const busy = { status: 503, headers: LATER };
    receiver = await startReceiver(busy, busy, gone.listener, DELIVERED);
    ({ webhook_id: webhookId, secret } = await webhooks.register({ webhook_url: receiver.url('/all') }));
    // They end together, so that no retry comes before the last of them.
    const image = heldAnswer();
    origin.serve('/held.jpg', image.listener);
    const heldCsv = `${HEADER}\n1,One,${origin.url('/held.jpg')}`;
    told = await Promise.all([1, 2, 3].map(() => service.api.upload(heldCsv)));
    await waitFor('the downloads', async () => origin.hits('/held.jpg') === told.length);
    image.give({ body: await photo(160, 120).jpeg({ quality: 90 }).toBuffer() });
    // Two wait for their retry, and the third is under way.
    await webhooks.log(
      webhookId,
      'two attempts',
      (all) => all.flatMap(({ attempts }) => attempts).length === 2,
    );
    await receiver.arrived(3);
    gone.give({ status: 410, body: 'Gone' });
    log = await webhooks.settled(webhookId, 3);
  });

  it('is disabled with its reason', async () => {
    expect(await webhooks.get(webhookId)).toEqual({
      webhook_id: webhookId,
      webhook_url: receiver.url('/all'),
      request_id: null,
      events: ['request.completed', 'request.failed', 'request.cancelled'],
      enabled: false,
      disabled_reason: 'It answered 410 Gone.',
      created_at: expect.any(String),
    });
  });

  it('has failed that delivery, and its others are cancelled', () => {
    const stories = log.map(({ status, next_attempt_at: next, attempts }) => ({ status, next, attempts }));
    expect(stories.toSorted((one, other) => (one.status < other.status ? -1 : 1))).toEqual([
      { status: 'cancelled', next: null, attempts: attemptsOf([answered(503)]) },
      { status: 'cancelled', next: null, attempts: attemptsOf([answered(503)]) },
      { status: 'failed', next: null, attempts: attemptsOf([answered(410, 'Gone')]) },
    ]);
    expect(new Set(log.map(({ request_id: id }) => id))).toEqual(
      new Set(told.map(({ request_id: id }) => id)),
    );
    for (const delivery of log) expectTrueLog(delivery, receiver.posts, secret);
  });

  it('gets nothing any more, and what it misses is kept', async () => {
    // Another endpoint's retry after the longest pause there is: by then every retry here would have come.
    const witness = await startReceiver({ status: 503, headers: LATER }, DELIVERED);
    const { request_id: id } = await uploadFor(witness.url());
    await webhooks.settled((await webhooks.ofRequest(id)).webhook_id);
    expect(witness.posts).toHaveLength(2);

    expect(receiver.posts).toHaveLength(3);
    const [missed, ...others] = (await webhooks.deliveries(webhookId)).toReversed();
    expect(missed).toMatchObject({
      request_id: id,
      status: 'cancelled',
      next_attempt_at: null,
      attempts: [],
    });
    expect(others.toReversed()).toEqual(log);
  });

  it('is refused what is asked for, and gets all of it once it is enabled again', async () => {
    const [since] = log.map(({ created_at: at }) => at).toSorted();
    const redeliver = () => webhooks.call('POST', `/api/webhooks/${webhookId}/redeliver`, { since });
    await expectProblem(redeliver(), 409, 'webhook_disabled');
    const missed = await webhooks.deliveries(webhookId);

    expect((await webhooks.call('PATCH', `/api/webhooks/${webhookId}`, { enabled: true })).status).toBe(200);
    const asked = await redeliver();
    expect([asked.status, ((await asked.json()) as RedeliveryBody).delivery_count]).toEqual([
      202,
      missed.length,
    ]);
    const sent = await webhooks.settled(webhookId, missed.length);
    expect(sent).toEqual(missed.map(redelivered));
    for (const delivery of sent) expectTrueLog(delivery, receiver.posts, secret);
  });
});
