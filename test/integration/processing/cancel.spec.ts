import { randomUUID } from 'node:crypto';
import { completedOutcome, NOT_FOUND, Workbench } from './workbench.js';

const OWNER = 'default';
let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const cancel = (id: string, owner = OWNER) => bench.cancellations().cancel(owner, id);
const problem = (code: string) => expect.objectContaining({ code }) as unknown;

/** A request of four images: one completed, one failed, two pending. */
async function halfDone() {
  const slice = await bench.begunRequest(4);
  await bench.recorder().record(slice, 0, completedOutcome());
  await bench.recorder().record(slice, 1, NOT_FOUND);
  return slice;
}

it('ends the request; what has an outcome keeps it, and no row of the others is touched', async () => {
  const { requestId } = await halfDone();
  const before = await bench.images(requestId);
  await cancel(requestId);
  expect(await bench.request(requestId)).toMatchObject({
    status: 'cancelled',
    completedCount: 1,
    failedCount: 1,
    finishedAt: expect.any(Date),
  });
  expect(await bench.images(requestId)).toEqual(before);
});

it('tells its endpoints once, by an event that counts by subtraction, and wakes them after the commit', async () => {
  const { requestId } = await halfDone();
  await bench.rows(
    `INSERT INTO webhook_endpoint (id, owner_id, request_id, url, events, secret)
     VALUES ('whk_1', $1, $2, 'http://127.0.0.1/', '{request.cancelled}', 'whsec_x')`,
    [OWNER, requestId],
  );
  await cancel(requestId);
  const [event, ...more] = await bench.rows<{ body: string; deliveries: number }>(
    `SELECT body, (SELECT count(*)::int FROM webhook_delivery WHERE event_id = event.id) AS deliveries
     FROM webhook_event AS event WHERE request_id = $1`,
    [requestId],
  );
  expect(more).toEqual([]);
  expect(event!.deliveries).toBe(1);
  expect(JSON.parse(event!.body)).toMatchObject({
    type: 'request.cancelled',
    status: 'cancelled',
    data: { counts: { pending: 0, completed: 1, failed: 1, cancelled: 2 }, eta_seconds: null },
  });
  expect(await bench.jobs({ endpointId: 'whk_1' })).toHaveLength(1);
});

it('a second time, or many at once, is the same as one', async () => {
  const { requestId } = await halfDone();
  await bench.whileLocked(
    requestId,
    () => Promise.all([1, 2, 3].map(() => cancel(requestId))),
    () => bench.untilBlocked(3),
  );
  const { finishedAt } = await bench.request(requestId);
  await cancel(requestId);
  expect(await bench.request(requestId)).toMatchObject({ status: 'cancelled', finishedAt });
  expect(await bench.events(requestId)).toEqual(['request.cancelled']);
});

it('is for a request that nobody has begun, too', async () => {
  const id = await bench.insertRequest(2, 1);
  await cancel(id);
  expect(await bench.request(id)).toMatchObject({ status: 'cancelled', startedAt: null });
});

it('is refused for a request that has finished, that is somebody else’s, that is deleted, and for no id', async () => {
  const slice = await bench.begunRequest(1);
  await bench.recorder().record(slice, 0, completedOutcome());
  await expect(cancel(slice.requestId)).rejects.toEqual(problem('already_finished'));
  expect(await bench.events(slice.requestId)).toEqual(['request.completed']);

  const id = await bench.insertRequest(1, 1);
  await expect(cancel(id, 'somebody-else')).rejects.toEqual(problem('not_found'));
  expect(await bench.request(id)).toMatchObject({ status: 'pending' });
  await bench.change(id, 'processing_request', `status = 'cancelled', deleted_at = now()`);
  for (const none of [id, randomUUID(), 'no-id'])
    await expect(cancel(none)).rejects.toEqual(problem('not_found'));
});

describe('a worker', () => {
  it('that comes after it gets no slice', async () => {
    const id = await bench.insertRequest(2, 1);
    await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 });
    await cancel(id);
    expect(await bench.claim({ requestId: id, run: 1, slice: 1, pass: 1 })).toBeUndefined();
  });

  it('that is at it loses its lease, records nothing more, and leaves no object', async () => {
    const slice = await bench.begunRequest(2);
    const late = await bench.compressed(slice.requestId, 0);
    await cancel(slice.requestId);
    expect(await bench.slices.renewLease(slice)).toBe(false);
    await bench.recorder().record(slice, 0, late);
    await bench.recorder().record(slice, 1, NOT_FOUND);
    expect(await bench.storedKeys(slice.requestId)).toEqual([]);
    expect(await bench.request(slice.requestId)).toMatchObject({ completedCount: 0, failedCount: 0 });
    await bench.dispatcher.endPass(slice);
    expect(await bench.jobs({ requestId: slice.requestId })).toEqual([]);
  });
});

describe('at the moment when the last outcome is recorded', () => {
  it('the cancellation wins that is first, and the outcome is refused', async () => {
    const slice = await bench.begunRequest(1);
    const last = await bench.compressed(slice.requestId, 0);
    await bench.whileLocked(
      slice.requestId,
      () => bench.recorder().record(slice, 0, last),
      (manager) => bench.requests.end(manager, slice.requestId, 'cancelled'),
    );
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'cancelled', completedCount: 0 });
    expect(await bench.storedKeys(slice.requestId)).toEqual([]);
  });

  it('the end wins that is first, and the cancellation is refused', async () => {
    const { requestId } = await bench.begunRequest(1);
    const refused = bench.whileLocked(
      requestId,
      () => cancel(requestId),
      (manager) => bench.requests.end(manager, requestId, 'completed'),
    );
    await expect(refused).rejects.toEqual(problem('already_finished'));
    expect(await bench.request(requestId)).toMatchObject({ status: 'completed' });
  });

  it('exactly one of the two wins, with the one event that says so', async () => {
    // A batch of a hundred is written at once, so the two really meet.
    const IMAGES = 100;
    const slices = await Promise.all(Array.from({ length: 40 }, () => bench.begunRequest(IMAGES)));
    const ends = await Promise.all(
      slices.map(async (slice, index) => {
        const record = () => {
          const recorder = bench.recorder();
          return Promise.all(
            Array.from({ length: IMAGES }, (_, position) =>
              recorder.record(slice, position, completedOutcome()),
            ),
          );
        };
        const stop = () =>
          cancel(slice.requestId).then(
            () => 'cancelled',
            () => 'completed',
          );
        if (index % 2 === 0) return (await Promise.all([stop(), record()]))[0];
        return (await Promise.all([record(), stop()]))[1];
      }),
    );
    for (const [index, { requestId }] of slices.entries()) {
      const status = ends[index]!;
      const completedCount = status === 'completed' ? IMAGES : 0;
      expect(await bench.request(requestId)).toMatchObject({ status, completedCount });
      const images = await bench.images(requestId);
      expect(images.filter((image) => image.status === 'completed')).toHaveLength(completedCount);
      expect(await bench.events(requestId)).toEqual([`request.${status}`]);
    }
  });
});
