import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { RetiredSecret } from '../../../src/webhooks/secrets.js';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import type { RotatedSecretBody } from '../../../src/webhooks/webhooks.dto.js';
import {
  startWebhookReceiver,
  type ReceivedPost,
  type WebhookReceiver,
} from '../../support/webhook-receiver.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

const DAY = 24 * 3_600_000;

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

const rotate = ({ id, ownerId }: WebhookEndpoint) =>
  app.call('POST', `/webhooks/${id}/rotate-secret`, { owner: ownerId }) as Promise<Answer<RotatedSecretBody>>;
/** Rotates so many times; gives all secrets the endpoint ever had, the oldest first. */
const rotateTimes = async (endpoint: WebhookEndpoint, times: number): Promise<string[]> => {
  const secrets = [endpoint.secret];
  for (let time = 0; time < times; time += 1) secrets.push((await rotate(endpoint)).body.secret);
  return secrets;
};
const stored = async ({ id }: WebhookEndpoint) => {
  const [row] = await bench.rows<{ secret: string; retired: RetiredSecret[] }>(
    `SELECT secret, retired_secrets AS retired FROM webhook_endpoint WHERE id = $1`,
    [id],
  );
  return row!;
};
/** So much time passes for the replaced secrets. */
const timePasses = ({ id }: WebhookEndpoint, ms: number) =>
  bench.rows(
    `UPDATE webhook_endpoint SET retired_secrets = (
       SELECT jsonb_agg(jsonb_set(retired, '{until}', to_jsonb(
         to_char((retired->>'until')::timestamptz AT TIME ZONE 'UTC' - $2 * interval '1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
       )) ORDER BY place) FROM jsonb_array_elements(retired_secrets) WITH ORDINALITY AS all_retired (retired, place))
     WHERE id = $1`,
    [id, ms],
  );
/** The one POST that an event of now leads to. */
const nextPost = async (endpoint: WebhookEndpoint): Promise<ReceivedPost> => {
  await bench.finishRequest(endpoint.ownerId);
  await bench.drain(endpoint.id);
  return receiver.posts.at(-1)!;
};
const signaturesOf = ({ headers }: ReceivedPost): string[] => headers['webhook-signature']!.split(' ');
/** Which of the secrets verify the POST, each on its own. */
const verifying = (secrets: string[], { body, headers }: ReceivedPost): string[] =>
  secrets.filter((secret) => {
    try {
      return Boolean(new Webhook(secret).verify(body, headers));
    } catch {
      return false;
    }
  });

describe('POST /api/webhooks/{id}/rotate-secret', () => {
  it('answers the new secret and until when the old one signs', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const before = Date.now();
    const { status, body } = await rotate(endpoint);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        webhook_id: endpoint.id,
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
        previous_secret_until: expect.any(String),
        message: `Both secrets sign until ${body.previous_secret_until}.`,
      },
    });
    expect(body.secret).not.toBe(endpoint.secret);
    const overlap = Date.parse(body.previous_secret_until) - before;
    expect(overlap).toBeGreaterThan(DAY - 60_000);
    expect(overlap).toBeLessThan(DAY + 60_000);
  });

  it('has every attempt carry a signature of each, until the day is over', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const secrets = await rotateTimes(endpoint, 1);
    const during = await nextPost(endpoint);
    expect(signaturesOf(during)).toHaveLength(2);
    expect(verifying(secrets, during)).toEqual(secrets);

    await timePasses(endpoint, DAY - 60_000);
    expect(verifying(secrets, await nextPost(endpoint))).toEqual(secrets);

    await timePasses(endpoint, 60_000);
    const after = await nextPost(endpoint);
    expect(signaturesOf(after)).toHaveLength(1);
    expect(verifying(secrets, after)).toEqual([secrets[1]]);
  });

  it('again, has it carry three: no receiver has to be quick', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const secrets = await rotateTimes(endpoint, 2);
    const post = await nextPost(endpoint);
    expect(signaturesOf(post)).toHaveLength(3);
    expect(verifying(secrets, post)).toEqual(secrets);
  });

  it('is refused for the tenth time within the day, which changes nothing, and not after it', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const secrets = await rotateTimes(endpoint, 9);
    expect(new Set(secrets).size).toBe(10);
    const before = await stored(endpoint);
    expect(await rotate(endpoint)).toMatchObject({ status: 409, body: { code: 'too_many_secrets' } });
    expect(await stored(endpoint)).toEqual(before);
    expect(verifying(secrets, await nextPost(endpoint))).toEqual(secrets);

    await timePasses(endpoint, DAY);
    const { status, body } = await rotate(endpoint);
    expect(status).toBe(200);
    expect((await stored(endpoint)).retired.map(({ secret }) => secret)).toEqual([secrets[9]]);
    expect(verifying([...secrets, body.secret], await nextPost(endpoint))).toEqual([secrets[9], body.secret]);
  });

  it('in the middle of a drain signs what is sent from then on', async () => {
    const held: ServerResponse[] = [];
    receiver.script.push((_request, response) => void held.push(response));
    const endpoint = await bench.registerWithEvents(receiver.url(), 5);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(4);
    const secrets = await rotateTimes(endpoint, 1);
    receiver.script.push({ status: 204 });
    for (const response of held) response.writeHead(204).end();
    await draining;
    expect(receiver.posts.map((post) => verifying(secrets, post).length)).toEqual([1, 1, 1, 1, 2]);
    expect((await bench.log(endpoint)).map(({ status }) => status)).toEqual(Array(5).fill('delivered'));
  });

  it('twice at the same moment loses no secret', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    const answers: ReturnType<typeof rotate>[] = [];
    await bench.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT 1 FROM webhook_endpoint WHERE id = $1 FOR UPDATE`, [endpoint.id]);
      answers.push(rotate(endpoint), rotate(endpoint));
      await bench.untilBlocked(2);
    });
    const fresh = (await Promise.all(answers)).map(({ body }) => body.secret);
    const secrets = [endpoint.secret, ...fresh];
    expect(new Set(secrets).size).toBe(3);
    expect(verifying(secrets, await nextPost(endpoint))).toEqual(secrets);
  });

  it('works on a disabled endpoint too', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    const secrets = await rotateTimes(endpoint, 1);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: true });
    expect(verifying(secrets, await nextPost(endpoint))).toEqual(secrets);
  });
});
