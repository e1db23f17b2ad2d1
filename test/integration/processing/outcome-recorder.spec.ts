import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { completedOutcome, NOT_FOUND, Workbench } from './workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

/** How many statements wrote the images that are no longer pending. */
async function writesOf(requestId: string): Promise<number> {
  const [row] = await bench.rows<{ writes: number }>(
    `SELECT count(DISTINCT xmin::text)::int AS writes FROM product_image WHERE request_id = $1 AND status <> 'pending'`,
    [requestId],
  );
  return row!.writes;
}

describe('a batch', () => {
  it('holds what came within a moment, of all slices of the request', async () => {
    const id = await bench.insertRequest(40, 20);
    const slices = await Promise.all(
      [0, 1].map((slice) => bench.claim({ requestId: id, run: 1, slice, pass: 1 })),
    );
    const recorder = bench.recorder();
    await Promise.all(
      Array.from({ length: 40 }, (_, position) =>
        recorder.record(slices[position % 2 === 0 ? 0 : 1]!, position, completedOutcome()),
      ),
    );
    expect(await writesOf(id)).toBe(1);
    expect(await bench.request(id)).toMatchObject({ status: 'completed', completedCount: 40 });
  });

  it('is written when it holds a hundred; what comes meanwhile follows in the next one', async () => {
    const slice = await bench.begunRequest(250);
    const recorder = bench.recorder();
    await Promise.all(
      Array.from({ length: 250 }, (_, position) => recorder.record(slice, position, completedOutcome())),
    );
    expect(await writesOf(slice.requestId)).toBe(2);
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'completed', completedCount: 250 });
  });

  it('is of one request: one that cannot be written does not hold up another', async () => {
    const [stuck, other] = [await bench.begunRequest(1), await bench.begunRequest(1)];
    const recorder = bench.recorder();
    await bench.whileLocked(
      stuck.requestId,
      () => recorder.record(stuck, 0, completedOutcome()),
      () => recorder.record(other, 0, completedOutcome()),
    );
    expect(await bench.request(other.requestId)).toMatchObject({ status: 'completed' });
    expect(await bench.request(stuck.requestId)).toMatchObject({ status: 'completed' });
  });
});

describe('the end of a request', () => {
  it('closes it and writes its event and deliveries in the same transaction, and wakes the endpoints', async () => {
    const slice = await bench.begunRequest(2);
    await bench.rows(
      `INSERT INTO webhook_endpoint (id, owner_id, request_id, url, events, secret)
       VALUES ('whk_1', 'default', $1, 'http://127.0.0.1/', '{request.completed}', 'whsec_x')`,
      [slice.requestId],
    );
    const recorder = bench.recorder();
    await Promise.all([recorder.record(slice, 0, completedOutcome()), recorder.record(slice, 1, NOT_FOUND)]);
    expect(await bench.request(slice.requestId)).toMatchObject({
      status: 'completed',
      completedCount: 1,
      failedCount: 1,
      finishedAt: expect.any(Date),
    });
    const [together] = await bench.rows(
      `SELECT request.xmin = event.xmin AND event.xmin = delivery.xmin AS together
       FROM processing_request AS request JOIN webhook_event AS event ON event.request_id = request.id
         JOIN webhook_delivery AS delivery ON delivery.event_id = event.id WHERE request.id = $1`,
      [slice.requestId],
    );
    expect(together).toEqual({ together: true });
    expect(await bench.jobs({ endpointId: 'whk_1' })).toHaveLength(1);
  });

  it('is failed when no image succeeded', async () => {
    const slice = await bench.begunRequest(1);
    await bench.recorder().record(slice, 0, NOT_FOUND);
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'failed' });
    expect(await bench.events(slice.requestId)).toEqual(['request.failed']);
  });

  it('does not come again', async () => {
    const slice = await bench.begunRequest(1);
    await bench.recorder().record(slice, 0, completedOutcome());
    const again = await bench.dataSource.transaction((manager) =>
      bench.requests.close(manager, slice.requestId),
    );
    expect(again).toBeUndefined();
  });

  it('comes once when two workers record the last two images at the same moment', async () => {
    const slices = await Promise.all(Array.from({ length: 50 }, () => bench.begunRequest(2)));
    const recorders = [bench.recorder(), bench.recorder()];
    await Promise.all(
      slices.flatMap((slice) =>
        recorders.map((recorder, position) => recorder.record(slice, position, completedOutcome())),
      ),
    );
    for (const { requestId } of slices) {
      expect(await bench.request(requestId)).toMatchObject({ status: 'completed', completedCount: 2 });
      expect(await bench.events(requestId)).toEqual(['request.completed']);
    }
  });
});

describe('an object', () => {
  it('of the one who lost the race is deleted, that of the winner kept', async () => {
    const slice = await bench.begunRequest(2);
    const outcomes = await Promise.all([0, 1].map(() => bench.compressed(slice.requestId, 0)));
    await Promise.all(outcomes.map((outcome) => bench.recorder().record(slice, 0, outcome)));
    const [image] = await bench.images(slice.requestId);
    expect(await bench.storedKeys(slice.requestId)).toEqual([image!.objectKey]);
  });

  it('of a pass that was taken back is deleted', async () => {
    const slice = await bench.begunRequest(2);
    const late = await bench.compressed(slice.requestId, 0);
    await bench.change(slice.requestId, 'slice', 'pass = 2');
    const timely = await bench.compressed(slice.requestId, 0);
    const recorder = bench.recorder();
    await Promise.all([recorder.record({ ...slice, pass: 2 }, 0, timely), recorder.record(slice, 0, late)]);
    expect(await bench.storedKeys(slice.requestId)).toEqual([timely.objectKey]);
  });

  it('of a request that was cancelled is deleted', async () => {
    const slice = await bench.begunRequest(1);
    const outcome = await bench.compressed(slice.requestId, 0);
    await bench.change(slice.requestId, 'processing_request', `status = 'cancelled'`);
    await bench.recorder().record(slice, 0, outcome);
    expect(await bench.storedKeys(slice.requestId)).toEqual([]);
  });

  it('is kept when it is recorded again, because the first answer was lost', async () => {
    const slice = await bench.begunRequest(1);
    const outcome = await bench.compressed(slice.requestId, 0);
    await bench.recorder().record(slice, 0, outcome);
    await bench.recorder().record(slice, 0, outcome);
    expect(await bench.storedKeys(slice.requestId)).toEqual([outcome.objectKey]);
    expect(await bench.request(slice.requestId)).toMatchObject({ completedCount: 1 });
  });

  it('that cannot be deleted does not undo what was recorded', async () => {
    const slice = await bench.begunRequest(1);
    const [first, second] = [completedOutcome(), await bench.compressed(slice.requestId, 0)];
    await bench.recorder().record(slice, 0, first);
    const folder = join(bench.env.storage.directory, slice.requestId);
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await bench.recorder().record(slice, 0, second);
    expect(bench.logged).toContainEqual(['warn', expect.stringContaining(second.objectKey)]);
    await rm(folder);
    await mkdir(folder);
  });
});

it('writes again what the database did not take', async () => {
  const slice = await bench.begunRequest(1);
  const outcome = await bench.compressed(slice.requestId, 0);
  await bench.whileLocked(
    slice.requestId,
    () => bench.recorder().record(slice, 0, outcome),
    (manager) =>
      manager.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      ),
  );
  expect(await bench.request(slice.requestId)).toMatchObject({ status: 'completed', completedCount: 1 });
  expect(await bench.storedKeys(slice.requestId)).toEqual([outcome.objectKey]);
  expect(bench.logged).toContainEqual(['warn', expect.stringContaining('trying again in 200 ms')]);
});

/** A request whose counters somebody else has changed: one more outcome, and the database refuses to count it. */
async function driftedRequest() {
  const slice = await bench.begunRequest(3);
  await bench.recorder().record(slice, 0, completedOutcome());
  await bench.change(slice.requestId, 'processing_request', 'completed_count = 3');
  return slice;
}

describe('counters that had drifted upwards', () => {
  it('are counted again when the database refuses to add to them, and nothing is lost', async () => {
    const slice = await driftedRequest();
    const recorder = bench.recorder();
    await Promise.all([recorder.record(slice, 1, completedOutcome()), recorder.record(slice, 2, NOT_FOUND)]);
    expect(await bench.request(slice.requestId)).toMatchObject({
      status: 'completed',
      completedCount: 2,
      failedCount: 1,
    });
    expect(bench.logged).toContainEqual(['error', expect.stringContaining(slice.requestId)]);
  });

  it('are counted again later when that is refused, too', async () => {
    const slice = await driftedRequest();
    jest.spyOn(bench.requests, 'recount').mockRejectedValueOnce(new Error('the database went away'));
    await bench.recorder().record(slice, 1, completedOutcome());
    expect(await bench.request(slice.requestId)).toMatchObject({ completedCount: 2 });
  });

  it('do not close a request that has an image pending', async () => {
    const slice = await bench.begunRequest(3);
    await bench.recorder().record(slice, 0, completedOutcome());
    await bench.change(slice.requestId, 'processing_request', 'completed_count = 2');
    await bench.recorder().record(slice, 1, completedOutcome());
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'processing', completedCount: 2 });
    await bench.recorder().record(slice, 2, completedOutcome());
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'completed', completedCount: 3 });
  });
});
