import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { Workbench } from './workbench.js';

const HOOK = 'https://shop.example/hook';
/** More than two statements touch (endpoint-cleanup.ts, deliveries.service.ts). */
const MANY = 10_001;

let database: TestDatabase;
let bench: Workbench;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url);
});
afterAll(async () => {
  await bench.close();
  await database.drop();
});

/** An endpoint with that many deliveries in a status. */
async function endpointWith(status: string, count: number): Promise<WebhookEndpoint> {
  const endpoint = await bench.registerWithEvents(HOOK, 0);
  await bench.rows(
    `WITH event AS (
       INSERT INTO webhook_event (id, owner_id, request_id, run, type, body)
       SELECT 'evt_' || md5(random()::text || n), $1, gen_random_uuid(), 1, 'request.completed', '{}'
       FROM generate_series(1, $4) n RETURNING id
     )
     INSERT INTO webhook_delivery (id, owner_id, endpoint_id, event_id, status, next_attempt_at)
     SELECT 'dlv' || substr(id, 4), $1, $2, id, $3, CASE WHEN $3 = 'pending' THEN now() END FROM event`,
    [endpoint.ownerId, endpoint.id, status, count],
  );
  return endpoint;
}
const counts = async ({ id }: WebhookEndpoint) => {
  const rows = await bench.rows<{ status: string; count: number }>(
    `SELECT status, count(*)::int FROM webhook_delivery WHERE endpoint_id = $1 GROUP BY status`,
    [id],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};
/** What the first step of a process left that ended before the second. */
const interrupted = ({ id }: WebhookEndpoint, update: string) =>
  bench.rows(`UPDATE webhook_endpoint SET ${update} WHERE id = $1`, [id]);

describe('disabling', () => {
  it('cancels any number of deliveries', async () => {
    const endpoint = await endpointWith('pending', MANY);
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: false });
    expect(await counts(endpoint)).toEqual({ cancelled: MANY });
    expect(await bench.due.at(endpoint.id, 1, [])).toEqual([]);
  });

  it('that was interrupted is finished by the reconciler', async () => {
    const endpoint = await endpointWith('pending', 3);
    await interrupted(endpoint, 'enabled = false');
    await bench.cleanup.resume();
    expect(await counts(endpoint)).toEqual({ cancelled: 3 });
  });

  it('that was interrupted is finished before the endpoint is enabled again', async () => {
    const endpoint = await endpointWith('pending', 3);
    await interrupted(endpoint, 'enabled = false');
    await bench.endpoints.change(endpoint.ownerId, endpoint.id, { enabled: true });
    expect(await counts(endpoint)).toEqual({ cancelled: 3 });
  });

  it('cancels nothing of an endpoint that is enabled', async () => {
    const endpoint = await endpointWith('pending', 3);
    expect(await bench.cleanup.cancelPending(endpoint.id)).toBe(0);
    await bench.cleanup.resume();
    expect(await counts(endpoint)).toEqual({ pending: 3 });
  });
});

describe('a deletion that was interrupted', () => {
  let endpoint: WebhookEndpoint;
  beforeEach(async () => {
    endpoint = await endpointWith('delivered', 2);
    await interrupted(endpoint, 'enabled = false, deleted_at = now()');
  });

  it('hides the endpoint and its log from everybody', async () => {
    const { ownerId, id } = endpoint;
    const deliveries = await bench.rows<{ id: string }>(
      `SELECT id FROM webhook_delivery WHERE endpoint_id = $1`,
      [id],
    );
    const missing = { code: 'not_found' };
    await expect(bench.endpoints.find(ownerId, id)).rejects.toMatchObject(missing);
    await expect(bench.endpoints.change(ownerId, id, { enabled: true })).rejects.toMatchObject(missing);
    await expect(bench.deliveries.list(ownerId, id, { limit: 1 })).rejects.toMatchObject(missing);
    await expect(bench.deliveries.find(ownerId, deliveries[0]!.id)).rejects.toMatchObject(missing);
    expect((await bench.endpoints.list(ownerId, { limit: 9 })).endpoints).toEqual([]);
  });

  it('lets no event come to it', async () => {
    await bench.finishRequest(endpoint.ownerId);
    expect(await counts(endpoint)).toEqual({ delivered: 2 });
  });

  it('is finished by the reconciler', async () => {
    await bench.cleanup.resume();
    expect(await counts(endpoint)).toEqual({});
    expect(await bench.rows(`SELECT 1 FROM webhook_endpoint WHERE id = $1`, [endpoint.id])).toEqual([]);
  });
});

describe('asking for all since a time', () => {
  it('asks for any number of deliveries', async () => {
    const endpoint = await endpointWith('failed', MANY);
    const count = await bench.deliveries.redeliverSince(endpoint.ownerId, endpoint.id, new Date(0));
    expect(count).toBe(MANY);
    const [asked] = await bench.rows(
      `SELECT count(*)::int FROM webhook_delivery WHERE endpoint_id = $1 AND redeliver_at IS NOT NULL`,
      [endpoint.id],
    );
    expect(asked).toEqual({ count: MANY });
  });

  it('leaves tests out', async () => {
    const endpoint = await endpointWith('failed', 1);
    const test = await bench.deliveries.sendTest(endpoint.ownerId, endpoint.id);
    await bench.rows(`UPDATE webhook_delivery SET status = 'failed', redeliver_at = NULL WHERE id = $1`, [
      test.id,
    ]);
    expect(await bench.deliveries.redeliverSince(endpoint.ownerId, endpoint.id, new Date(0))).toBe(1);
  });
});
