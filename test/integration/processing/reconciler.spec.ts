import { waitFor } from '../../support/wait-for.js';
import { completedOutcome, NOT_FOUND, retryOutcome, Workbench } from './workbench.js';

let bench: Workbench;

beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

const jobIds = async (requestId: string) => (await bench.jobs({ requestId })).map(({ id }) => id);
const queuedFor = (seconds: number) => `state = 'queued', queued_at = now() - interval '${seconds} s'`;

it('takes back a slice whose lease ran out, in a new pass that shuts its worker out', async () => {
  const slice = await bench.begunRequest(1);
  await bench.change(slice.requestId, 'slice', 'lease_until = now()');
  await bench.reconciler().reconcile();
  expect(await bench.sliceRows(slice.requestId)).toMatchObject([
    { state: 'queued', pass: 2, starts: 1, leaseUntil: null },
  ]);
  expect(await jobIds(slice.requestId)).toEqual([`${slice.requestId}-1-0-2`]);
  expect(await bench.slices.renewLease(slice)).toBe(false);
  expect(await bench.record(slice, [[0, completedOutcome()]])).toMatchObject({ changed: 0 });
});

it('lets workers renew their leases first, when the database was away', async () => {
  const slice = await bench.begunRequest(1);
  await bench.change(slice.requestId, 'slice', 'lease_until = now()');
  const reconciler = bench.reconciler();
  const away = jest
    .spyOn(bench.dataSource, 'transaction')
    .mockRejectedValueOnce(new Error('Connection terminated'));
  await expect(reconciler.reconcile()).rejects.toThrow('Connection terminated');
  away.mockRestore();
  await reconciler.reconcile();
  expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'running', pass: 1 }]);
  await reconciler.reconcile();
  expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'queued', pass: 2 }]);
});

it('closes a request whose worker died between its last outcome and the close', async () => {
  const slice = await bench.begunRequest(1);
  await bench.record(slice, [[0, completedOutcome()]]);
  await expect(bench.cancellations().cancel('default', slice.requestId)).rejects.toMatchObject({
    code: 'already_finished',
  });
  await bench.reconciler().reconcile();
  expect(await bench.request(slice.requestId)).toMatchObject({ status: 'completed' });
  expect(await bench.events(slice.requestId)).toEqual(['request.completed']);
});

it('leaves a slice alone whose lease lasts', async () => {
  const slice = await bench.begunRequest(1);
  await bench.reconciler().reconcile();
  expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'running', pass: 1 }]);
  expect(await jobIds(slice.requestId)).toEqual([]);
});

it('enqueues again what was queued and not picked up for a while', async () => {
  const [lost, young] = [await bench.insertRequest(1, 1), await bench.insertRequest(1, 1)];
  await bench.change(lost, 'slice', queuedFor(16));
  await bench.change(young, 'slice', queuedFor(5));
  await bench.reconciler().reconcile();
  expect(await jobIds(lost)).toEqual([`${lost}-1-0-1`]);
  expect(await jobIds(young)).toEqual([]);
  // Once in a while, not in every round.
  await bench.rows('TRUNCATE bullmq.job CASCADE');
  await bench.reconciler().reconcile();
  expect(await jobIds(lost)).toEqual([]);
});

it('queues slices that wait and are due, as many as the window takes', async () => {
  const id = await bench.insertRequest(400, 10);
  await bench.rows(
    `UPDATE slice SET not_before = now() + interval '1 min' WHERE request_id = $1 AND number = 0`,
    [id],
  );
  await bench.reconciler().reconcile();
  const queued = (await bench.sliceRows(id)).filter(({ state }) => state === 'queued');
  expect(queued.map(({ number }) => number)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  expect(await jobIds(id)).toHaveLength(16);
});

it.each([`status = 'completed'`, `status = 'cancelled'`, `run = 2, status = 'cancelled'`])(
  'lets the slices of a request rest that became %s',
  async (over) => {
    const id = await bench.insertRequest(3, 1);
    await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 });
    await bench.rows(`UPDATE slice SET ${queuedFor(16)} WHERE request_id = $1 AND number > 0`, [id]);
    await bench.change(id, 'slice', "lease_until = lease_until - interval '1 h'");
    await bench.change(id, 'processing_request', over);
    await bench.reconciler().reconcile();
    expect(await jobIds(id)).toEqual([]);
    expect((await bench.sliceRows(id)).map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  },
);

it('counts again and closes a request whose counters had drifted, and tells it as an error', async () => {
  const slice = await bench.begunRequest(3);
  await bench.record(slice, [
    [0, completedOutcome()],
    [1, NOT_FOUND],
  ]);
  await bench.change(slice.requestId, 'product_image', `status = 'completed', object_key = 'x'`);
  await bench.change(slice.requestId, 'slice', `state = 'done'`);
  await bench.reconciler().reconcile();
  expect(await bench.request(slice.requestId)).toMatchObject({
    status: 'completed',
    completedCount: 3,
    failedCount: 0,
  });
  expect(await bench.events(slice.requestId)).toEqual(['request.completed']);
  expect(bench.logged).toContainEqual(['error', expect.stringContaining(slice.requestId)]);
});

it.each([
  ['too low', 'completed_count = 0, failed_count = 0, input_bytes = 7'],
  ['too high', 'completed_count = 2, output_bytes = 9999'],
])('closes a request by its rows whose counters are %s at the last outcome', async (_, drifted) => {
  const slice = await bench.begunRequest(3);
  await bench.recorder().record(slice, 0, completedOutcome());
  await bench.change(slice.requestId, 'processing_request', drifted);
  await bench.recorder().record(slice, 1, NOT_FOUND);
  expect(await bench.request(slice.requestId)).toMatchObject({ status: 'processing' });
  await bench.recorder().record(slice, 2, completedOutcome());
  await bench.dispatcher.endPass(slice);
  await bench.reconciler().reconcile();
  expect(await bench.request(slice.requestId)).toMatchObject({
    status: 'completed',
    completedCount: 2,
    failedCount: 1,
    inputBytes: 2000,
    outputBytes: 800,
  });
  expect(await bench.events(slice.requestId)).toEqual(['request.completed']);
  expect(bench.logged).toContainEqual(['error', expect.stringContaining(slice.requestId)]);
});

it('closes a request that nobody closed, without an error when its counters are right', async () => {
  const slice = await bench.begunRequest(1);
  await bench.record(slice, [[0, NOT_FOUND]]);
  await bench.change(slice.requestId, 'slice', `state = 'done'`);
  await bench.rows(
    `INSERT INTO webhook_endpoint (id, owner_id, url, events, secret)
     VALUES ('whk_1', 'default', 'http://127.0.0.1/', '{request.failed}', 'whsec_x')`,
  );
  await bench.reconciler().reconcile();
  expect(await bench.request(slice.requestId)).toMatchObject({ status: 'failed' });
  expect(await bench.events(slice.requestId)).toEqual(['request.failed']);
  expect(await bench.jobs({ endpointId: 'whk_1' })).not.toEqual([]);
  expect(bench.logged.filter(([level]) => level === 'error')).toEqual([]);
});

it('opens a slice again that was done although an image of it is pending', async () => {
  const id = await bench.insertRequest(4, 2);
  for (const number of [0, 1]) {
    const slice = (await bench.claim({ requestId: id, run: 1, slice: number, pass: 1 }))!;
    await bench.record(slice, [[2 * number, completedOutcome()]]);
    if (number === 0) await bench.record(slice, [[1, completedOutcome()]]);
  }
  await bench.change(id, 'slice', `state = 'done'`);
  await bench.reconciler().reconcile();
  expect(await bench.sliceRows(id)).toMatchObject([
    { state: 'done', pass: 1 },
    { state: 'queued', pass: 2 },
  ]);
  expect(await jobIds(id)).toEqual([`${id}-1-1-2`]);
  expect(await bench.request(id)).toMatchObject({ status: 'processing', completedCount: 3 });
});

it('leaves a request alone that is being worked on', async () => {
  const id = await bench.insertRequest(3, 1);
  const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
  await bench.record(slice, [[0, retryOutcome(60_000)]]);
  await bench.dispatcher.endPass(slice);
  await bench.claim({ requestId: id, run: 1, slice: 1, pass: 1 });
  const before = await bench.sliceRows(id);
  await bench.reconciler().reconcile();
  expect(await bench.sliceRows(id)).toEqual(before);
});

it('wakes a worker for deliveries that are due', async () => {
  const slice = await bench.begunRequest(1);
  await bench.rows(
    `INSERT INTO webhook_endpoint (id, owner_id, url, events, secret)
     VALUES ('whk_1', 'default', 'http://127.0.0.1/', '{request.completed}', 'whsec_x')`,
  );
  await bench.recorder().record(slice, 0, completedOutcome());
  await bench.rows('TRUNCATE bullmq.job CASCADE');
  await bench.reconciler().reconcile();
  expect(await bench.jobs({ endpointId: 'whk_1' })).toHaveLength(1);
});

it('finishes a deletion of an endpoint that was interrupted', async () => {
  await bench.rows(
    `INSERT INTO webhook_endpoint (id, owner_id, url, events, secret, enabled, deleted_at)
     VALUES ('whk_gone', 'default', 'https://shop.example/hook', '{}', 'whsec_', false, now())`,
  );
  await bench.reconciler().reconcile();
  expect(await bench.rows(`SELECT 1 FROM webhook_endpoint WHERE id = 'whk_gone'`)).toEqual([]);
});

it('goes on with a retry whose process died before its first batch', async () => {
  const id = await bench.insertRequest(2, 1, { status: 'cancelled' });
  await bench.dataSource.transaction((manager) => bench.requests.beginNextRun(manager, id));
  await bench.reconciler().reconcile();
  expect(await bench.request(id)).toMatchObject({ status: 'pending', run: 2, retriedTo: null });
  expect(await jobIds(id)).toEqual([`${id}-2-0-1`, `${id}-2-1-1`]);
});

it('brings back all wake-ups of a run when the queue is emptied', async () => {
  const id = await bench.insertRequest(3, 1, { status: 'cancelled' });
  await bench.retries().retry('default', id);
  await bench.rows('TRUNCATE bullmq.job CASCADE');
  await bench.rows(`UPDATE slice SET ${queuedFor(16)} WHERE request_id = $1 AND run = 2`, [id]);
  await bench.reconciler().reconcile();
  expect(await jobIds(id)).toEqual([0, 1, 2].map((number) => `${id}-2-${number}-1`));
});

it('removes requests whose time is over, and clears them away', async () => {
  const id = await bench.insertRequest(1, 1, { status: 'completed', expiresAt: new Date() });
  const reconciler = bench.reconciler();
  await reconciler.reconcile();
  const left = () => bench.rows(`SELECT id FROM processing_request WHERE id = $1`, [id]);
  await waitFor('the end of clearing away', async () => (await left()).length === 0);
  await reconciler.beforeApplicationShutdown();
  expect(await left()).toEqual([]);
});

it('helps the other requests when one cannot be helped', async () => {
  const [stuck, other] = [await bench.insertRequest(1, 1), await bench.insertRequest(1, 1)];
  await bench.rows(`UPDATE slice SET state = 'done' WHERE request_id = $1`, [stuck]);
  await bench.rows(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`);
  await bench.rows(`
    CREATE TRIGGER refuse BEFORE UPDATE ON slice FOR EACH ROW WHEN (old.request_id = '${stuck}') EXECUTE FUNCTION refuse()`);
  await bench.reconciler().reconcile();
  expect(await jobIds(other)).toEqual([`${other}-1-0-1`]);
  expect(bench.logged).toContainEqual(['warn', expect.stringContaining(stuck)]);
});

it('works in one process at a time', async () => {
  const id = await bench.insertRequest(1, 1);
  await bench.whileLocked(
    id,
    () => bench.reconciler().reconcile(),
    async () => {
      const slice = await bench.begunRequest(1);
      await bench.change(slice.requestId, 'slice', 'lease_until = now()');
      await bench.reconciler().reconcile();
      expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'running', pass: 1 }]);
    },
  );
  expect(await jobIds(id)).toEqual([`${id}-1-0-1`]);
});

it('begins with a round when the process starts, and ends with the process', async () => {
  const id = await bench.insertRequest(1, 1);
  const reconciler = bench.reconciler();
  await bench.whileLocked(id, async () => reconciler.onApplicationBootstrap());
  await reconciler.beforeApplicationShutdown();
  expect(await jobIds(id)).toEqual([`${id}-1-0-1`]);
});
