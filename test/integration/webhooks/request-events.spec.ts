import { requestBody } from '../../../src/requests/request-body.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { Workbench } from './workbench.js';

let database: TestDatabase;
let bench: Workbench;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url, { WEBHOOK_RETRY_SCHEDULE: '90s,5s' });
});

afterAll(async () => {
  await bench.close();
  await database.drop();
});

const HOOK = 'https://shop.example/hook';
const eventsOf = (requestId: string) =>
  bench.rows<{ id: string; type: string; run: number; body: string }>(
    'SELECT id, type, run, body FROM webhook_event WHERE request_id = $1 ORDER BY run',
    [requestId],
  );
/** The endpoints with a delivery of the request's events in this status. */
const told = async (requestId: string, status = 'pending'): Promise<string[]> => {
  const rows = await bench.rows<{ endpoint_id: string }>(
    `SELECT endpoint_id FROM webhook_delivery JOIN webhook_event event ON event.id = event_id
     WHERE request_id = $1 AND status = $2 AND (next_attempt_at IS NOT NULL) = (status = 'pending')`,
    [requestId, status],
  );
  return rows.map((row) => row.endpoint_id).toSorted();
};

describe('recordRequestEvent', () => {
  it('writes one event however often it runs, also from two transactions at once', async () => {
    const endpoint = await bench.register(HOOK);
    const request = await bench.finishRequest();
    const again = () =>
      bench.dataSource.transaction((manager) => bench.events.recordRequestEvent(manager, request));
    expect(await Promise.all([again(), again(), again()])).toEqual([[], [], []]);

    const events = await eventsOf(request.id);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'request.completed', run: 1 });
    expect(events[0]!.id).toMatch(/^evt_[0-9a-f]{32}$/);
    expect(await told(request.id)).toEqual([endpoint.id]);
  });

  it('writes it when nobody is to be told, too', async () => {
    const request = await bench.finishRequest('lonely');
    expect(await eventsOf(request.id)).toHaveLength(1);
    expect(await told(request.id)).toEqual([]);
  });

  it('is gone with the transaction that would have made it true', async () => {
    const { id } = await bench.startRequest();
    const crashing = bench.dataSource.transaction(async (manager) => {
      await bench.endRequest(manager, id);
      throw new Error('crash');
    });
    await expect(crashing).rejects.toThrow('crash');
    expect(await eventsOf(id)).toEqual([]);
  });

  it('gives every run an event of its own', async () => {
    const { id } = await bench.finishRequest();
    await bench.rows(`UPDATE processing_request SET run = 2, status = 'processing' WHERE id = $1`, [id]);
    await bench.dataSource.transaction((manager) => bench.endRequest(manager, id));
    expect((await eventsOf(id)).map(({ run }) => run)).toEqual([1, 2]);
  });

  it.each([
    ['completed', 'request.completed', 'Processing completed'],
    ['failed', 'request.failed', 'Processing failed'],
    ['cancelled', 'request.cancelled', 'Processing cancelled'],
  ])('tells of a %s request', async (status, type, message) => {
    const request = await bench.finishRequest('default', status);
    const [event] = await eventsOf(request.id);
    expect(JSON.parse(event!.body)).toEqual({
      type,
      timestamp: request.finishedAt!.toISOString(),
      request_id: request.id,
      status,
      message,
      output_csv_url: `https://img.example/api/download/${request.id}`,
      data: requestBody(request, request.finishedAt!),
    });
    expect(Buffer.byteLength(event!.body)).toBeLessThan(20_000);
  });

  it('tells the endpoints of this request and of all, that are enabled and want the type', async () => {
    const ownerId = 'choosy';
    const request = await bench.startRequest(ownerId);
    const other = await bench.startRequest(ownerId);
    const forAll = await bench.register(HOOK, { ownerId });
    const forThis = await bench.register(HOOK, { ownerId, requestId: request.id });
    const wanting = await bench.register(HOOK, { ownerId, events: ['request.failed', 'request.completed'] });
    await bench.register(HOOK, { ownerId, requestId: other.id });
    await bench.register(HOOK, { ownerId, events: ['request.failed'] });
    await bench.register(HOOK, { ownerId: 'someone else' });
    const disabled = await bench.register(HOOK, { ownerId });
    await bench.rows(`UPDATE webhook_endpoint SET enabled = false WHERE id = $1`, [disabled.id]);

    const wake = await bench.dataSource.transaction((manager) => bench.endRequest(manager, request.id));
    const expected = [forAll.id, forThis.id, wanting.id].toSorted();
    expect(wake.toSorted()).toEqual(expected);
    expect(await told(request.id)).toEqual(expected);
    expect(await told(request.id, 'cancelled')).toEqual([disabled.id]);
  });

  it('plans the first attempt by the schedule', async () => {
    const endpoint = await bench.register(HOOK, { ownerId: 'patient' });
    await bench.finishRequest('patient');
    const [row] = await bench.rows(
      `SELECT extract(epoch FROM next_attempt_at - created_at)::int AS seconds, status, attempt_count
       FROM webhook_delivery WHERE endpoint_id = $1`,
      [endpoint.id],
    );
    expect(row).toEqual({ seconds: 90, status: 'pending', attempt_count: 0 });
  });

  it('plans no delivery to an endpoint that is being disabled at the same moment', async () => {
    const endpoint = await bench.register(HOOK, { ownerId: 'leaving' });
    const { id } = await bench.startRequest('leaving');
    let ending: Promise<unknown> | undefined;
    await bench.dataSource.transaction(async (manager) => {
      await manager.query(`UPDATE webhook_endpoint SET enabled = false WHERE id = $1`, [endpoint.id]);
      ending = bench.dataSource.transaction((other) => bench.endRequest(other, id));
      await bench.untilBlocked();
    });
    await ending;
    expect(await eventsOf(id)).toHaveLength(1);
    expect(await told(id)).toEqual([]);
    expect(await told(id, 'cancelled')).toEqual([endpoint.id]);
  });
});
