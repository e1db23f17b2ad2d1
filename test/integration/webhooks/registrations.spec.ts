import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { Workbench } from './workbench.js';

const HOOK = 'https://shop.example/hook';

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

/** The deliveries of the request's events: to which endpoint, and of which event. */
const deliveries = (requestId: string) =>
  bench.rows<{ endpoint: string; event: string }>(
    `SELECT endpoint_id AS endpoint, event_id AS event
     FROM webhook_delivery JOIN webhook_event ON webhook_event.id = event_id WHERE request_id = $1`,
    [requestId],
  );
const register = (
  ownerId: string,
  requestId: string | null,
  more: { url?: string; events?: string[] } = {},
) => bench.registrations.registerNow({ ownerId, requestId, url: HOOK, ...more });

describe('register', () => {
  it('makes an endpoint with an id and a secret of its own', async () => {
    const { endpoint, wake } = await register('default', null);
    expect(endpoint).toMatchObject({ url: HOOK, requestId: null, enabled: true });
    expect(endpoint.events).toEqual(['request.completed', 'request.failed', 'request.cancelled']);
    expect(endpoint.id).toMatch(/^whk_[0-9a-f]{32}$/);
    expect(endpoint.secret).toMatch(/^whsec_/);
    expect(wake).toEqual([]);
    const second = await register('default', null);
    expect(second.endpoint.secret).not.toBe(endpoint.secret);
  });

  it('wakes nobody for a request that is under way', async () => {
    const { id } = await bench.startRequest();
    expect((await register('default', id)).wake).toEqual([]);
    expect(await deliveries(id)).toEqual([]);
  });

  it('tells it at once when the request has already ended, of the same event', async () => {
    const first = await bench.startRequest('late');
    const early = await register('late', first.id);
    await bench.dataSource.transaction((manager) => bench.endRequest(manager, first.id));

    const { endpoint, wake } = await register('late', first.id);
    expect(wake).toEqual([endpoint.id]);
    const told = await deliveries(first.id);
    expect(told.map((row) => row.endpoint).toSorted()).toEqual([early.endpoint.id, endpoint.id].toSorted());
    expect(new Set(told.map((row) => row.event)).size).toBe(1);
  });

  it('tells it nothing when it does not want that event', async () => {
    const { id } = await bench.finishRequest('picky');
    expect((await register('picky', id, { events: ['request.failed'] })).wake).toEqual([]);
    expect(await deliveries(id)).toEqual([]);
  });

  it('tells an endpoint for all requests nothing of those that ended before', async () => {
    const { id } = await bench.finishRequest('newcomer');
    expect((await register('newcomer', null)).wake).toEqual([]);
    expect(await deliveries(id)).toEqual([]);
  });

  it.each(['0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90', 'no-uuid', "' OR 1=1"])(
    'knows no request %p',
    async (requestId) => {
      await expect(register('default', requestId)).rejects.toMatchObject({ code: 'not_found', status: 404 });
    },
  );

  it('does not know a request that belongs to someone else, and registers nothing', async () => {
    const { id } = await bench.startRequest('someone else');
    await expect(register('thief', id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await bench.rows(`SELECT 1 FROM webhook_endpoint WHERE owner_id = 'thief'`)).toEqual([]);
  });

  it('refuses a URL that nothing can be sent to', async () => {
    await expect(register('default', null, { url: 'ftp://shop.example/' })).rejects.toMatchObject({
      code: 'webhook_url_invalid',
      status: 422,
    });
  });
});

describe('a registration and the end of the request in the same moment', () => {
  it('waits for the end that is about to be committed, and is told of it', async () => {
    const { id } = await bench.startRequest();
    let registering: ReturnType<typeof register> | undefined;
    const wakeOfEnd = await bench.dataSource.transaction(async (manager) => {
      const wake = await bench.endRequest(manager, id);
      registering = register('default', id);
      await bench.untilBlocked();
      return wake;
    });
    const { endpoint, wake } = await registering!;
    expect(wakeOfEnd).not.toContain(endpoint.id);
    expect(wake).toEqual([endpoint.id]);
    expect((await deliveries(id)).filter((row) => row.endpoint === endpoint.id)).toHaveLength(1);
  });

  it('is found by the end that had to wait for it', async () => {
    const { id } = await bench.startRequest();
    let ending: Promise<string[]> | undefined;
    const { endpoint, wake } = await bench.dataSource.transaction(async (manager) => {
      const registered = await bench.registrations.register(manager, {
        ownerId: 'default',
        url: HOOK,
        requestId: id,
      });
      ending = bench.dataSource.transaction((other) => bench.endRequest(other, id));
      await bench.untilBlocked();
      return registered;
    });
    expect(wake).toEqual([]);
    expect(await ending).toContain(endpoint.id);
    expect((await deliveries(id)).filter((row) => row.endpoint === endpoint.id)).toHaveLength(1);
  });

  it('makes exactly one event and one delivery in any order', async () => {
    const ownerId = 'racing';
    const rounds = Array.from({ length: 40 }, async () => {
      const { id } = await bench.startRequest(ownerId);
      const [{ endpoint }] = await Promise.all([
        register(ownerId, id),
        bench.dataSource.transaction((manager) => bench.endRequest(manager, id)),
      ]);
      expect(await deliveries(id)).toEqual([
        { endpoint: endpoint.id, event: expect.stringMatching(/^evt_/) },
      ]);
    });
    await Promise.all(rounds);
    const events = await bench.rows(`SELECT 1 FROM webhook_event WHERE owner_id = $1`, [ownerId]);
    expect(events).toHaveLength(rounds.length);
  });
});
