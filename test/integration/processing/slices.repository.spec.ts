import type { ClaimedSlice } from '../../../src/processing/slices.repository.js';
import { completedOutcome, NOT_FOUND, retryOutcome, Workbench } from './workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

describe('create', () => {
  it('puts every position in one slice', async () => {
    const id = await bench.insertRequest(60, 25);
    const rows = await bench.sliceRows(id);
    expect(rows.map(({ firstPosition, lastPosition }) => [firstPosition, lastPosition])).toEqual([
      [0, 24],
      [25, 49],
      [50, 59],
    ]);
  });

  it('makes no empty slice when the last one is full', async () => {
    const id = await bench.insertRequest(50, 25);
    expect(await bench.sliceRows(id)).toHaveLength(2);
  });
});

describe('claim', () => {
  it('begins the request with its first slice, and not again', async () => {
    const id = await bench.insertRequest(2, 1);
    expect(await bench.request(id)).toMatchObject({ status: 'pending', startedAt: null });
    await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 });
    const begun = await bench.request(id);
    expect(begun).toMatchObject({ status: 'processing', startedAt: expect.any(Date) });
    await bench.claim({ requestId: id, run: 1, slice: 1, pass: 1 });
    expect((await bench.request(id)).startedAt).toEqual(begun.startedAt);
  });

  it('gives the slice its positions, the options, and how often it was begun', async () => {
    const id = await bench.insertRequest(5, 2);
    expect(await bench.claim({ requestId: id, run: 1, slice: 1, pass: 1 })).toEqual({
      requestId: id,
      run: 1,
      slice: 1,
      pass: 1,
      firstPosition: 2,
      lastPosition: 3,
      starts: 1,
      options: (await bench.request(id)).options,
    });
  });

  it('gives a slice to one of many that ask at the same moment', async () => {
    const id = await bench.insertRequest(20, 1);
    for (let slice = 0; slice < 20; slice += 1) {
      const claims = await Promise.all(
        Array.from({ length: 6 }, () => bench.claim({ requestId: id, run: 1, slice, pass: 1 })),
      );
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1);
    }
  });

  it.each([
    ['of a pass that is over', { pass: 1 }, '', 'pass = 2'],
    ['of a pass that is to come', { pass: 2 }, '', ''],
    ['of another run', { run: 2 }, '', ''],
    ['of a run that is over', {}, 'run = 2', ''],
    ['of a request that completed', {}, `status = 'completed'`, ''],
    ['of a request that was cancelled', {}, `status = 'cancelled'`, ''],
    ['of a slice that a worker has', {}, '', `state = 'running'`],
    ['of a slice that is done', {}, '', `state = 'done'`],
    ['of a slice that is not due', {}, '', `not_before = now() + interval '1 min'`],
  ])('does nothing with a job %s', async (_, job, request, slice) => {
    const id = await bench.insertRequest(1, 1);
    if (request) await bench.change(id, 'processing_request', request);
    if (slice) await bench.change(id, 'slice', slice);
    const before = await bench.sliceRows(id);

    expect(await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1, ...job })).toBeUndefined();
    expect(await bench.sliceRows(id)).toEqual(before);
    expect((await bench.request(id)).startedAt).toBeNull();
  });

  it.each([`state = 'queued', queued_at = now()`, `not_before = now()`])(
    'takes a slice with %s',
    async (slice) => {
      const id = await bench.insertRequest(1, 1);
      await bench.change(id, 'slice', slice);
      expect(await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 })).toBeDefined();
      expect(await bench.sliceRows(id)).toMatchObject([{ state: 'running', queuedAt: null, starts: 1 }]);
    },
  );
});

describe('renewLease', () => {
  it('makes the lease last anew', async () => {
    const slice = await bench.begunRequest(1);
    await bench.change(slice.requestId, 'slice', 'lease_until = now()');
    expect(await bench.slices.renewLease(slice)).toBe(true);
    const [{ left }] = (await bench.rows(
      `SELECT extract(epoch FROM lease_until - now())::float8 AS left FROM slice WHERE request_id = $1`,
      [slice.requestId],
    )) as [{ left: number }];
    expect(left * 1000).toBeGreaterThan(bench.env.leaseMs / 2);
  });

  it.each([`state = 'queued', pass = 2`, `state = 'running', pass = 2`, `state = 'done'`])(
    'says no when the slice became %s',
    async (changed) => {
      const slice = await bench.begunRequest(1);
      await bench.change(slice.requestId, 'slice', changed);
      expect(await bench.slices.renewLease(slice)).toBe(false);
    },
  );
});

describe('dueImages', () => {
  it('gives the images of the slice that are pending and due, in their order', async () => {
    const id = await bench.insertRequest(8, 6);
    const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    await bench.record(slice, [
      [1, completedOutcome()],
      [2, retryOutcome(60_000)],
      [3, retryOutcome(0)],
    ]);
    expect(await bench.slices.dueImages(slice)).toEqual([
      { position: 0, sourceUrl: 'https://shop.example/1-1.jpg', attempts: 0 },
      { position: 3, sourceUrl: 'https://shop.example/1-4.jpg', attempts: 1 },
      { position: 4, sourceUrl: 'https://shop.example/1-5.jpg', attempts: 0 },
      { position: 5, sourceUrl: 'https://shop.example/1-6.jpg', attempts: 0 },
    ]);
  });
});

describe('endPass', () => {
  const end = (slice: ClaimedSlice) => bench.slices.endPass(bench.dataSource, slice);

  it('keeps a slice suspect that killed a worker, for as long as images of it are pending', async () => {
    const slice = await bench.begunRequest(1);
    await bench.change(slice.requestId, 'slice', 'starts = 3');
    await end(slice);
    const next = (await bench.claim({ ...slice, pass: 2 }))!;
    expect(next.starts).toBe(2);
    await bench.record(next, [[0, NOT_FOUND]]);
    await end(next);
    expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'done', starts: 0 }]);
  });

  it('is the end of the slice when none of its images is pending', async () => {
    const id = await bench.insertRequest(2, 1);
    const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    await bench.record(slice, [[0, completedOutcome()]]);
    expect(await end(slice)).toEqual({ state: 'done', pass: 1, delayMs: 0 });
    expect((await bench.sliceRows(id))[0]).toMatchObject({ state: 'done', starts: 0, leaseUntil: null });
  });

  it('waits for the first image that comes due, in the next pass', async () => {
    const slice = await bench.begunRequest(3);
    await bench.record(slice, [
      [0, completedOutcome()],
      [1, retryOutcome(90_000)],
      [2, retryOutcome(60_000)],
    ]);
    const ended = await end(slice);
    expect(ended).toEqual({ state: 'waiting', pass: 2, delayMs: expect.any(Number) });
    expect(ended!.delayMs).toBeGreaterThan(50_000);
    expect(ended!.delayMs).toBeLessThanOrEqual(60_000);
    const [row] = await bench.sliceRows(slice.requestId);
    const [, , image] = await bench.images(slice.requestId);
    expect(row).toMatchObject({ state: 'waiting', pass: 2, starts: 0, notBefore: image!.nextAttemptAt });
  });

  it('goes on at once when an image was not tried', async () => {
    const slice = await bench.begunRequest(2);
    await bench.record(slice, [[1, retryOutcome(60_000)]]);
    expect(await end(slice)).toEqual({ state: 'waiting', pass: 2, delayMs: 0 });
  });

  it.each(['pass = 2', `state = 'queued'`, `state = 'done'`])(
    'does nothing when the slice became %s meanwhile',
    async (changed) => {
      const slice = await bench.begunRequest(1);
      await bench.change(slice.requestId, 'slice', changed);
      const before = await bench.sliceRows(slice.requestId);
      expect(await end(slice)).toBeUndefined();
      expect(await bench.sliceRows(slice.requestId)).toEqual(before);
    },
  );
});

describe('fillWindow', () => {
  const fill = (id: string, window: number) =>
    bench.dataSource.transaction(async (manager) => {
      await bench.requests.lock(manager, id);
      return bench.slices.fillWindow(manager, id, 1, window);
    });
  const inState = async (id: string, state: string) =>
    (await bench.sliceRows(id)).filter((slice) => slice.state === state).map(({ number }) => number);

  it('waits until half of the window is left, and then fills all of it', async () => {
    const id = await bench.insertRequest(12, 1);
    await fill(id, 4);
    const begin = (number: number) =>
      bench.rows(`UPDATE slice SET state = 'running' WHERE request_id = $1 AND number = $2`, [id, number]);
    await begin(0);
    expect(await fill(id, 4)).toEqual([]);
    await begin(1);
    expect((await fill(id, 4)).map(({ slice }) => slice)).toEqual([4, 5]);
    expect(await inState(id, 'queued')).toEqual([2, 3, 4, 5]);
  });

  it('queues the first slices that are due', async () => {
    const id = await bench.insertRequest(5, 1);
    await bench.rows(
      `UPDATE slice SET not_before = now() + interval '1 min' WHERE request_id = $1 AND number = 1`,
      [id],
    );
    expect(await fill(id, 3)).toEqual(
      [0, 2, 3].map((slice) => ({ requestId: id, run: 1, slice, pass: 1, images: 1 })),
    );
    expect(await inState(id, 'queued')).toEqual([0, 2, 3]);
    expect(await fill(id, 3)).toEqual([]);
  });

  it('does not count the slices that run: they may have stepped aside', async () => {
    const id = await bench.insertRequest(4, 1);
    await bench.claim({ requestId: id, run: 1, slice: 2, pass: 1 });
    expect(await fill(id, 2)).toHaveLength(2);
    expect(await fill(id, 2)).toEqual([]);
  });

  it('never has more in the window, however many fill it at once, and loses no slice', async () => {
    const id = await bench.insertRequest(60, 1);
    const handedOut: number[] = [];
    const work = async (): Promise<void> => {
      for (let next = await fill(id, 5); handedOut.length < 60; next = await fill(id, 5)) {
        handedOut.push(...next.map(({ slice }) => slice));
        const open = await bench.rows(`SELECT 1 FROM slice WHERE request_id = $1 AND state = 'queued'`, [id]);
        expect(open.length).toBeLessThanOrEqual(5);
        for (const job of next) {
          const slice = (await bench.claim(job))!;
          await bench.record(slice, [[job.slice, completedOutcome()]]);
          await bench.slices.endPass(bench.dataSource, slice);
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(handedOut.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, number) => number));
    expect(await inState(id, 'done')).toHaveLength(60);
  });

  // The planner knows nothing of the rows then. A join of two scans of the request's slices took minutes.
  it('is quick right after a million images were inserted', async () => {
    const id = await bench.insertRequest(1, 1);
    await bench.rows('ALTER TABLE slice SET (autovacuum_enabled = false)');
    await bench.rows('DELETE FROM slice WHERE request_id = $1', [id]);
    await bench.slices.create(bench.dataSource.manager, id, 1, 1_000_000, 25);
    await bench.dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL statement_timeout = '5s'`);
      expect(await bench.slices.fillWindow(manager, id, 1, 64)).toHaveLength(64);
    });
  });
});
