import type { ServerResponse } from 'node:http';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { startWebhooksApp, type WebhooksApp } from './webhooks-app.js';
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

const remove = ({ id, ownerId }: WebhookEndpoint) =>
  app.call('DELETE', `/webhooks/${id}`, { owner: ownerId });
/** How many rows are left of the owner. */
const left = async ({ ownerId }: WebhookEndpoint) => {
  const [counts] = await bench.rows(
    `SELECT (SELECT count(*) FROM webhook_endpoint WHERE owner_id = $1)::int AS endpoints,
       (SELECT count(*) FROM webhook_delivery WHERE owner_id = $1)::int AS deliveries,
       (SELECT count(*) FROM webhook_attempt attempt JOIN webhook_delivery delivery ON delivery.id = delivery_id
        WHERE owner_id = $1)::int AS attempts,
       (SELECT count(*) FROM webhook_event WHERE owner_id = $1 AND request_id IS NULL)::int AS tests,
       (SELECT count(*) FROM webhook_event WHERE owner_id = $1 AND request_id IS NOT NULL)::int AS events`,
    [ownerId],
  );
  return counts;
};
const orphans = () =>
  bench.rows(
    `SELECT 1 FROM webhook_attempt WHERE NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE id = delivery_id)`,
  );

describe('DELETE /api/webhooks/{id}', () => {
  it('removes the endpoint with its log and its tests, not the events of requests', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 2);
    await bench.deliveries.sendTest(endpoint.ownerId, endpoint.id);
    await bench.drain(endpoint.id);
    await bench.deliveries.sendTest(endpoint.ownerId, endpoint.id);
    expect(await left(endpoint)).toEqual({ endpoints: 1, deliveries: 4, attempts: 3, tests: 2, events: 2 });

    expect(await remove(endpoint)).toEqual({ status: 204, body: undefined });
    expect(await left(endpoint)).toEqual({ endpoints: 0, deliveries: 0, attempts: 0, tests: 0, events: 2 });
    expect(await orphans()).toEqual([]);
    expect(await remove(endpoint)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('touches nothing of another endpoint with the same events', async () => {
    const endpoint = await bench.register(receiver.url(), { ownerId: 'two' });
    const other = await bench.register(receiver.url(), { ownerId: 'two' });
    await bench.finishRequest('two');
    await bench.deliveries.sendTest('two', other.id);
    const before = await bench.log(other);
    await remove(endpoint);
    expect(await bench.log(other)).toEqual(before);
    await bench.drain(other.id);
    expect((await bench.log(other)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  it('stops what is pending at once', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    await remove(endpoint);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toEqual([]);
  });

  it('sends nothing any more from its first moment, however long the rest takes', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    const [delivery] = await bench.log(endpoint);
    // One that the first step, which cancels what is pending, leaves alone: the second step stops at it.
    await bench.rows(`UPDATE webhook_delivery SET status = 'delivered' WHERE id = $1`, [delivery!.id]);
    let removing: Promise<unknown> | undefined;
    await bench.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT 1 FROM webhook_delivery WHERE id = $1 FOR UPDATE`, [delivery!.id]);
      removing = remove(endpoint);
      await bench.untilBlocked();
      await bench.drain(endpoint.id);
      await bench.finishRequest(endpoint.ownerId);
      await bench.drain(endpoint.id);
    });
    await removing;
    expect(receiver.posts).toEqual([]);
    await expect(bench.deliveries.find(endpoint.ownerId, delivery!.id)).rejects.toMatchObject({
      status: 404,
    });
    expect(await left(endpoint)).toMatchObject({ endpoints: 0, deliveries: 0 });
  });

  it('removes any number of deliveries', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 0);
    await bench.rows(
      `WITH event AS (
         INSERT INTO webhook_event (id, owner_id, type, body)
         SELECT 'evt_many' || n, $1, 'endpoint.test', '{}' FROM generate_series(1, 10001) n RETURNING id
       )
       INSERT INTO webhook_delivery (id, owner_id, endpoint_id, event_id, status)
       SELECT 'dlv' || substr(id, 4), $1, $2, id, 'pending' FROM event`,
      [endpoint.ownerId, endpoint.id],
    );
    await bench.rows(
      `INSERT INTO webhook_attempt (delivery_id, number, trigger, at, duration_ms)
       SELECT id, 1, 'scheduled', now(), 1 FROM webhook_delivery WHERE endpoint_id = $1`,
      [endpoint.id],
    );
    const statements = jest.spyOn(bench.dataSource, 'query');
    try {
      await bench.endpoints.remove(endpoint.ownerId, endpoint.id);
      expect(
        statements.mock.calls.filter(([text]) => text.includes('DELETE FROM webhook_delivery')),
      ).toHaveLength(3);
    } finally {
      statements.mockRestore();
    }
    expect(await left(endpoint)).toEqual({ endpoints: 0, deliveries: 0, attempts: 0, tests: 0, events: 0 });
    expect(await orphans()).toEqual([]);
  });

  it('lets an attempt that is under way end, which is recorded nowhere and breaks nothing', async () => {
    const held: ServerResponse[] = [];
    receiver.script.push((_request, response) => void held.push(response));
    const endpoint = await bench.registerWithEvents(receiver.url(), 6);
    const draining = bench.drain(endpoint.id);
    await receiver.arrived(4);
    await remove(endpoint);
    for (const [index, response] of held.entries()) response.writeHead(index % 2 ? 204 : 410).end();
    await draining;
    expect(receiver.posts).toHaveLength(4);
    expect(await left(endpoint)).toEqual({ endpoints: 0, deliveries: 0, attempts: 0, tests: 0, events: 6 });
    expect(await orphans()).toEqual([]);
  });

  it.each(['the removal first', 'the attempt first'])(
    'ends in the same way when both want the endpoint at the same moment: %s',
    async (order) => {
      const held: ServerResponse[] = [];
      receiver.script.push((_request, response) => void held.push(response));
      const endpoint = await bench.registerWithEvents(receiver.url(), 1);
      const draining = bench.drain(endpoint.id);
      await receiver.arrived(1);
      const steps = [
        () => bench.endpoints.remove(endpoint.ownerId, endpoint.id),
        async () => {
          held[0]!.writeHead(200).end();
          await draining;
        },
      ];
      if (order === 'the attempt first') steps.reverse();
      const ending: Promise<unknown>[] = [];
      await bench.dataSource.transaction(async (manager) => {
        await manager.query(`SELECT 1 FROM webhook_endpoint WHERE id = $1 FOR UPDATE`, [endpoint.id]);
        for (const [index, step] of steps.entries()) {
          ending.push(step());
          await bench.untilBlocked(index + 1);
        }
      });
      await Promise.all(ending);
      expect(await left(endpoint)).toEqual({ endpoints: 0, deliveries: 0, attempts: 0, tests: 0, events: 1 });
      expect(await orphans()).toEqual([]);
    },
  );

  it('can be asked for twice at the same moment', async () => {
    const endpoint = await bench.registerWithEvents(receiver.url(), 3);
    const answers = await Promise.all([remove(endpoint), remove(endpoint)]);
    for (const { status } of answers) expect([204, 404]).toContain(status);
    expect(await left(endpoint)).toMatchObject({ endpoints: 0, deliveries: 0 });
  });
});
