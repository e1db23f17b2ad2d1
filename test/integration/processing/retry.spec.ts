import { randomUUID } from 'node:crypto';
import { RetriesRepository } from '../../../src/processing/retries.repository.js';
import type { ClaimedSlice } from '../../../src/processing/slices.repository.js';
import { requestBody } from '../../../src/requests/request-body.js';
import { completedOutcome, NOT_FOUND, retryOutcome, Workbench } from './workbench.js';

const OWNER = 'default';
let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

const retry = (id: string, owner = OWNER) => bench.retries().retry(owner, id);
const cancel = (id: string) => bench.cancellations().cancel(OWNER, id);
const problem = (code: string) => expect.objectContaining({ code }) as unknown;
const jobIds = async (requestId: string) => (await bench.jobs({ requestId })).map(({ id }) => id);

/** The counters, and what the rows say, at one moment. */
async function counts(id: string) {
  const [row] = await bench.rows<{ status: string; completed: number; failed: number; drifted: boolean }>(
    `SELECT request.status, completed_count AS completed, failed_count AS failed,
       (completed_count, failed_count, image_count) IS DISTINCT FROM (rows.completed, rows.failed, rows.images) AS drifted
     FROM processing_request AS request, LATERAL (
       SELECT count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'failed') AS failed,
         count(*) AS images FROM product_image WHERE request_id = request.id) AS rows
     WHERE id = $1`,
    [id],
  );
  return row!;
}

describe('the images', () => {
  it('that failed are pending again, as if they had never been tried; completed ones stay as they are', async () => {
    const slice = await bench.begunRequest(3);
    await bench.recorder().record(slice, 1, completedOutcome());
    await bench.recorder().record(slice, 0, NOT_FOUND);
    await bench.change(slice.requestId, 'product_image', `decode_marks = 2, attempts = 4`);
    await bench.recorder().record(slice, 2, NOT_FOUND);
    const [, kept] = await bench.images(slice.requestId);
    await retry(slice.requestId);
    const again = {
      status: 'pending',
      attempts: 0,
      decodeMarks: 0,
      nextAttemptAt: null,
      errorCode: null,
      errorDetail: null,
      httpStatus: null,
      finishedAt: null,
    };
    expect(await bench.images(slice.requestId)).toMatchObject([again, kept!, again]);
  });

  it('that were cancelled between two attempts are due at once, with fresh attempts', async () => {
    const slice = await bench.begunRequest(1);
    await bench.record(slice, [[0, retryOutcome(3_600_000)]]);
    await cancel(slice.requestId);
    await retry(slice.requestId);
    const begun = await bench.claim({ requestId: slice.requestId, run: 2, slice: 0, pass: 1 });
    expect(await bench.slices.dueImages(begun!)).toMatchObject([{ position: 0, attempts: 0 }]);
  });
});

describe('the run', () => {
  it('has slices of its own over just those images, and they are on the queue', async () => {
    const slice = await bench.begunRequest(5);
    for (const position of [0, 3]) await bench.recorder().record(slice, position, NOT_FOUND);
    await bench.recorder().record(slice, 2, completedOutcome());
    await cancel(slice.requestId);
    await retry(slice.requestId);
    const run2 = (await bench.sliceRows(slice.requestId)).filter(({ run }) => run === 2);
    expect(run2.map(({ firstPosition, lastPosition }) => [firstPosition, lastPosition])).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
      [4, 4],
    ]);
    expect(await jobIds(slice.requestId)).toEqual([0, 1, 2, 3].map((n) => `${slice.requestId}-2-${n}-1`));
  });

  it('begins with its own progress and times, and ends with an event of its own', async () => {
    const id = await bench.insertRequest(2, 1, {
      startedAt: new Date(0),
      progressedAt: new Date(),
      speed: 7,
    });
    const first = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    const second = (await bench.claim({ requestId: id, run: 1, slice: 1, pass: 1 }))!;
    await bench.recorder().record(first, 0, completedOutcome());
    await bench.recorder().record(second, 1, NOT_FOUND);
    await retry(id);
    const begun = await bench.request(id);
    expect(requestBody(begun, new Date())).toMatchObject({
      status: 'pending',
      run: 2,
      counts: { pending: 1, completed: 1, failed: 0, cancelled: 0 },
      progress: 0,
      eta_seconds: null,
      started_at: null,
      finished_at: null,
      expires_at: null,
      output_csv_url: null,
    });
    expect(begun).toMatchObject({ speed: null, progressedAt: null, retriedTo: null, runImageCount: 1 });
    const again = (await bench.claim({ requestId: id, run: 2, slice: 0, pass: 1 }))!;
    expect(requestBody(await bench.request(id), new Date())).toMatchObject({
      progress: 0,
      eta_seconds: null,
    });
    await bench.recorder().record(again, 1, completedOutcome());
    expect(requestBody(await bench.request(id), new Date())).toMatchObject({
      status: 'completed',
      counts: { pending: 0, completed: 2, failed: 0, cancelled: 0 },
      progress: 100,
    });
    const events = await bench.rows(
      `SELECT run, type FROM webhook_event WHERE request_id = $1 ORDER BY run`,
      [id],
    );
    expect(events).toEqual([
      { run: 1, type: 'request.completed' },
      { run: 2, type: 'request.completed' },
    ]);
  });

  it('ends although its counters had said that there is work, and there is none', async () => {
    const id = await bench.insertRequest(1, 1);
    await bench.change(id, 'product_image', `status = 'completed', object_key = 'x'`);
    await cancel(id);
    await retry(id);
    expect(await bench.request(id)).toMatchObject({ status: 'pending', retriedTo: null });
    await bench.reconciler().reconcile();
    expect(await bench.request(id)).toMatchObject({ status: 'completed', completedCount: 1, run: 2 });
  });
});

describe('it is refused', () => {
  it('while the request is not terminal', async () => {
    const id = await bench.insertRequest(1, 1);
    await expect(retry(id)).rejects.toEqual(problem('not_terminal'));
    await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 });
    await expect(retry(id)).rejects.toEqual(problem('not_terminal'));
    expect(await bench.request(id)).toMatchObject({ run: 1, status: 'processing' });
  });

  it('when every image is completed', async () => {
    const slice = await bench.begunRequest(1);
    await bench.recorder().record(slice, 0, completedOutcome());
    await expect(retry(slice.requestId)).rejects.toEqual(problem('nothing_to_retry'));
    expect(await bench.request(slice.requestId)).toMatchObject({ run: 1, status: 'completed' });
  });

  it('for what is somebody else’s, is deleted, or is no id', async () => {
    const id = await bench.insertRequest(1, 1, { status: 'cancelled' });
    await expect(retry(id, 'somebody-else')).rejects.toEqual(problem('not_found'));
    await bench.change(id, 'processing_request', 'deleted_at = now()');
    for (const none of [id, randomUUID(), 'no-id'])
      await expect(retry(none)).rejects.toEqual(problem('not_found'));
    expect(await bench.request(id)).toMatchObject({ run: 1, status: 'cancelled' });
  });

  it('to all but one who ask at the same moment', async () => {
    const id = await bench.insertRequest(3, 1, { status: 'cancelled' });
    const answers = await bench.whileLocked(
      id,
      () => Promise.allSettled(Array.from({ length: 5 }, () => retry(id))),
      () => bench.untilBlocked(5),
    );
    const refused = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    expect(refused).toEqual([1, 2, 3, 4].map(() => problem('not_terminal')));
    expect(await bench.request(id)).toMatchObject({ run: 2 });
    expect((await bench.sliceRows(id)).filter(({ run }) => run === 2)).toHaveLength(3);
  });
});

describe('a large request', () => {
  const IMAGES = 12_000;

  /** Every third image completed, every third failed, every third cancelled. */
  async function insertLarge(): Promise<string> {
    const id = await bench.insertRequest(1, 1);
    await bench.rows(
      `INSERT INTO product_image (request_id, position, row, source_url, status, object_key, error_code)
       SELECT $1, n, 1, 'https://shop.example/a.jpg', (ARRAY['completed', 'failed', 'pending'])[n % 3 + 1],
         CASE WHEN n % 3 = 0 THEN 'key-' || n END, CASE WHEN n % 3 = 1 THEN 'http_404' END
       FROM generate_series(1, ${IMAGES - 1}) AS n`,
      [id],
    );
    const done = IMAGES / 3;
    await bench.change(
      id,
      'processing_request',
      `status = 'cancelled', image_count = ${IMAGES}, completed_count = ${done - 1}, failed_count = ${done}`,
    );
    return id;
  }

  const begin = (id: string) =>
    bench.dataSource.transaction((manager) => bench.requests.beginNextRun(manager, id));
  /** One batch, as the process does that dies after it. */
  const reopenBatch = (id: string) =>
    bench.dataSource.transaction(async (manager) =>
      new RetriesRepository().reopenBatch(manager, (await bench.requests.lock(manager, id))!),
    );

  /** Every image that is not completed is pending, in exactly one slice of the run. */
  async function expectAllPending(id: string, run: number): Promise<void> {
    expect(await counts(id)).toMatchObject({ completed: IMAGES / 3 - 1, failed: 0, drifted: false });
    const [covered] = await bench.rows(
      `SELECT count(*)::int AS images, count(DISTINCT position)::int AS positions, max(number) + 1 AS slices,
         count(DISTINCT number)::int AS numbers
       FROM slice JOIN product_image AS image ON image.request_id = slice.request_id
         AND position BETWEEN first_position AND last_position AND status = 'pending'
       WHERE slice.request_id = $1 AND run = $2`,
      [id, run],
    );
    const open = IMAGES - (IMAGES / 3 - 1);
    expect(covered).toMatchObject({ images: open, positions: open });
    expect(covered).toMatchObject({ numbers: (covered as { slices: number }).slices });
  }

  it('is made pending in batches, whose counts add up each time, and is queued after the last', async () => {
    const id = await insertLarge();
    await begin(id);
    const seen = [await counts(id)];
    let last = false;
    while (!last) {
      expect(await jobIds(id)).toEqual([]);
      last = await reopenBatch(id);
      seen.push(await counts(id));
    }
    expect(seen.map(({ failed, drifted }) => ({ failed, drifted }))).toEqual(
      [4000, 2333, 667, 0].map((failed) => ({ failed, drifted: false })),
    );
    await expectAllPending(id, 2);
  });

  it('is made pending at one go when nothing comes between, and waits in a window', async () => {
    const id = await insertLarge();
    await retry(id);
    await expectAllPending(id, 2);
    expect(await jobIds(id)).toHaveLength(16);
  });

  it.each([0, 1, 2])('is gone on with by the reconciler, after %d batches', async (batches) => {
    const id = await insertLarge();
    await begin(id);
    for (let batch = 0; batch < batches; batch += 1) expect(await reopenBatch(id)).toBe(false);
    expect(await bench.request(id)).toMatchObject({ status: 'pending', retriedTo: batches * 5000 });
    await bench.reconciler().reconcile();
    expect(await bench.request(id)).toMatchObject({ status: 'pending', retriedTo: null });
    await expectAllPending(id, 2);
    expect(await jobIds(id)).toHaveLength(16);
  });

  it('is gone on with by several at once, each batch by one of them', async () => {
    const id = await insertLarge();
    await begin(id);
    await Promise.all([
      bench.retries().resume(id),
      bench.retries().resume(id),
      bench.reconciler().reconcile(),
    ]);
    await expectAllPending(id, 2);
  });

  it('leaves the caller after some seconds, and the rest to the reconciler', async () => {
    const id = await insertLarge();
    const clock = jest.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(60_000);
    await retry(id).finally(() => clock.mockRestore());
    expect(await bench.request(id)).toMatchObject({ status: 'pending', retriedTo: 5000 });
  });

  it('can be cancelled between two batches, and retried again', async () => {
    const id = await insertLarge();
    await begin(id);
    await reopenBatch(id);
    await cancel(id);
    expect(await counts(id)).toMatchObject({ status: 'cancelled', failed: 2333, drifted: false });
    expect(await bench.events(id)).toEqual(['request.cancelled']);
    // Whoever was at it finds nothing more to do.
    await bench.retries().resume(id);
    await bench.reconciler().reconcile();
    expect(await counts(id)).toMatchObject({ status: 'cancelled', failed: 2333, drifted: false });
    expect(await jobIds(id)).toEqual([]);
    await retry(id);
    await expectAllPending(id, 3);
  });

  it('is not taken for finished while its failed images are still counted', async () => {
    const id = await insertLarge();
    await bench.change(id, 'product_image', `status = 'failed'`);
    await bench.change(
      id,
      'processing_request',
      `status = 'failed', completed_count = 0, failed_count = ${IMAGES}`,
    );
    await begin(id);
    const close = bench.dataSource.transaction((manager) => bench.requests.close(manager, id));
    expect(await close).toBeUndefined();
  });
});

/** The slice that a worker was at when the request was cancelled and retried; and the same image's in the new run. */
async function twoRuns(): Promise<{ late: ClaimedSlice; now: ClaimedSlice }> {
  const late = await bench.begunRequest(1);
  await cancel(late.requestId);
  await retry(late.requestId);
  return { late, now: (await bench.claim({ requestId: late.requestId, run: 2, slice: 0, pass: 1 }))! };
}

describe('a worker of the run before', () => {
  it('can renew, record and end nothing of the new one; its object is deleted', async () => {
    const { late, now } = await twoRuns();
    const object = await bench.compressed(late.requestId, 0);
    expect(await bench.slices.renewLease(late)).toBe(false);
    await bench.recorder().record(late, 0, object);
    await bench.recorder().record(late, 0, NOT_FOUND);
    await bench.dispatcher.endPass(late);
    expect(await bench.images(late.requestId)).toMatchObject([{ status: 'pending', attempts: 0 }]);
    expect(await bench.storedKeys(late.requestId)).toEqual([]);
    expect(await bench.slices.renewLease(now)).toBe(true);
  });

  it('does not count beside that of the new one, whose object stays', async () => {
    const { late, now } = await twoRuns();
    const [old, valid] = [
      await bench.compressed(late.requestId, 0),
      await bench.compressed(late.requestId, 0),
    ];
    await Promise.all([bench.recorder().record(late, 0, old), bench.recorder().record(now, 0, valid)]);
    expect(await counts(late.requestId)).toMatchObject({ status: 'completed', completed: 1, drifted: false });
    expect(await bench.images(late.requestId)).toMatchObject([{ objectKey: valid.objectKey }]);
    expect(await bench.storedKeys(late.requestId)).toEqual([valid.objectKey]);
  });
});
