import type { ServerResponse } from 'node:http';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { Workbench } from './workbench.js';

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
/** Answers that the receiver keeps back until the test gives them. */
let held: ServerResponse[];

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url);
});
afterAll(async () => {
  await bench.close();
  await database.drop();
});

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  held = [];
});
afterEach(() => receiver.close());

const holdAnswer = (_request: unknown, response: ServerResponse): void => void held.push(response);
const statuses = async (endpoint: WebhookEndpoint): Promise<string[]> =>
  (await bench.log(endpoint)).map(({ status }) => status);
const change = ({ ownerId, id }: WebhookEndpoint, wanted: { enabled?: boolean; url?: string }) =>
  bench.endpoints.change(ownerId, id, wanted);
const find = ({ ownerId, id }: WebhookEndpoint) => bench.endpoints.find(ownerId, id);

/** Begins the steps one after the other while the endpoint's row is locked: they go on in this order. */
async function inThisOrder(
  { id }: WebhookEndpoint,
  steps: (() => Promise<unknown>)[],
): Promise<PromiseSettledResult<unknown>[]> {
  const ending: Promise<PromiseSettledResult<unknown>>[] = [];
  await bench.dataSource.transaction(async (manager) => {
    await manager.query(`SELECT 1 FROM webhook_endpoint WHERE id = $1 FOR UPDATE`, [id]);
    for (const [index, step] of steps.entries()) {
      ending.push(Promise.allSettled([step()]).then(([result]) => result));
      await bench.untilBlocked(index + 1);
    }
  });
  return await Promise.all(ending);
}

describe('asking for a delivery while the endpoint is disabled', () => {
  const asked = (endpoint: WebhookEndpoint, deliveryId: string) =>
    [
      ['one', () => bench.deliveries.redeliver(endpoint.ownerId, deliveryId)],
      ['all since', () => bench.deliveries.redeliverSince(endpoint.ownerId, endpoint.id, new Date(0))],
      ['a test', () => bench.deliveries.sendTest(endpoint.ownerId, endpoint.id)],
    ] as const;

  it.each([0, 1, 2])('is refused when it comes second (%i)', async (kind) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const [delivery] = await bench.log(endpoint);
    const [disabled, asking] = await inThisOrder(endpoint, [
      () => change(endpoint, { enabled: false }),
      asked(endpoint, delivery!.id)[kind]![1],
    ]);
    expect(disabled).toMatchObject({ status: 'fulfilled' });
    expect(asking).toMatchObject({ status: 'rejected', reason: { code: 'webhook_disabled' } });
    expect(await statuses(endpoint)).toEqual(['cancelled']);
    expect(await bench.due.at(endpoint.id, 9, [])).toEqual([]);
  });

  it.each([0, 1, 2])('is forgotten when it comes first (%i)', async (kind) => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    const [delivery] = await bench.log(endpoint);
    await bench.rows(`UPDATE webhook_delivery SET status = 'failed', next_attempt_at = NULL WHERE id = $1`, [
      delivery!.id,
    ]);
    const results = await inThisOrder(endpoint, [
      asked(endpoint, delivery!.id)[kind]![1],
      () => change(endpoint, { enabled: false }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(await statuses(endpoint)).toEqual(kind === 2 ? ['failed', 'cancelled'] : ['failed']);
    expect(await bench.due.at(endpoint.id, 9, [])).toEqual([]);
    await change(endpoint, { enabled: true });
    await bench.drain(endpoint.id);
    expect(receiver.posts).toEqual([]);
  });

  it('in any mixture leaves nothing to send at a disabled endpoint, and no deadlock', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 8);
    const { ownerId, id } = endpoint;
    const ids = (await bench.log(endpoint)).map((delivery) => delivery.id);
    const calls = ids.flatMap((deliveryId, index) => [
      bench.deliveries.redeliver(ownerId, deliveryId),
      bench.deliveries.redeliverSince(ownerId, id, new Date(0)),
      change(endpoint, { enabled: index % 2 === 1 }),
      bench.finishRequest(ownerId),
      bench.drain(id),
    ]);
    const results = await Promise.allSettled(calls);
    const refused = results.filter((result) => result.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'webhook_disabled' });
    await change(endpoint, { enabled: false });
    expect(await bench.due.at(id, 99, [])).toEqual([]);
    expect(await statuses(endpoint)).not.toContain('pending');
  });
});

describe('an attempt that is under way while its endpoint is disabled', () => {
  it.each([
    [204, 'delivered'],
    [500, 'cancelled'],
    [410, 'cancelled'],
  ])('is written down, and only a success changes what it leaves: %i', async (answer, status) => {
    receiver.script.push(holdAnswer);
    const endpoint = await bench.registerWithEvents(receiver.url(), 5);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(4);
    await change(endpoint, { enabled: false });
    for (const response of held) response.writeHead(answer).end();
    await draining;
    expect(receiver.posts).toHaveLength(4);
    const log = await bench.log(endpoint);
    expect(log.map((delivery) => delivery.status).toSorted()).toEqual(
      [status, status, status, status, 'cancelled'].toSorted(),
    );
    expect(log.flatMap(({ attempts }) => attempts ?? [])).toHaveLength(4);
    expect(await find(endpoint)).toMatchObject({ enabled: false, disabledReason: 'Its owner disabled it.' });
  });

  it('and that was asked for is not made again after it was enabled', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await bench.drain(endpoint.id);
    const [delivery] = await bench.log(endpoint);
    receiver.script.push({}, holdAnswer);
    await bench.deliveries.redeliver(endpoint.ownerId, delivery!.id);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(2);
    await change(endpoint, { enabled: false });
    await change(endpoint, { enabled: true });
    held[0]!.writeHead(204).end();
    await draining;
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(2);
    expect(await statuses(endpoint)).toEqual(['delivered']);
  });
});

describe('a change of the address during a drain', () => {
  it('holds for every attempt that begins after it', async () => {
    receiver.script.push(holdAnswer);
    const endpoint = await bench.registerWithEvents(receiver.url('/old'), 6);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(4);
    await change(endpoint, { url: receiver.url('/new') });
    receiver.script.push({ status: 204 });
    for (const response of held) response.writeHead(204).end();
    await draining;
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/old', '/old', '/old', '/old', '/new', '/new']);
    expect(await statuses(endpoint)).toEqual(Array(6).fill('delivered'));
  });

  it.each([500, 410])(
    'takes the new address as it is, whatever the old one still answers: %i',
    async (answer) => {
      receiver.script.push(holdAnswer);
      const endpoint = await bench.registerWithEvents(receiver.url('/old'), 2);
      const draining = bench.drain(endpoint.id);
      await receiver.arrived(2);
      await change(endpoint, { url: receiver.url('/new') });
      for (const response of held) response.writeHead(answer).end();
      await draining;
      expect(await find(endpoint)).toMatchObject({ enabled: true, failingSince: null, slow: false });
      expect(await statuses(endpoint)).toEqual(['pending', 'pending']);
    },
  );
});
