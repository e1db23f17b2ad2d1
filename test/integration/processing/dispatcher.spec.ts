import { randomUUID } from 'node:crypto';
import { insertRequest, product } from '../../support/requests.js';
import { completedOutcome, retryOutcome, Workbench } from './workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.rows('DELETE FROM worker'));
afterAll(() => bench.close());

const jobIds = async (requestId: string) => (await bench.jobs({ requestId })).map(({ id }) => id);

async function begin(imageCount: number, changes = {}) {
  const { id, run } = await insertRequest(bench.dataSource, [product('SKU1', [])], {
    status: 'pending',
    imageCount,
    ...changes,
  });
  const passes = await bench.dataSource.transaction((manager) =>
    bench.dispatcher.begin(manager, id, run, imageCount),
  );
  return { id, passes, slices: await bench.sliceRows(id) };
}

describe('begin', () => {
  it('cuts the run into slices, and gives the first ones to enqueue', async () => {
    const { id, passes, slices } = await begin(400, { run: 3 });
    expect(slices).toHaveLength(58);
    expect(slices[0]).toMatchObject({ run: 3, firstPosition: 0, lastPosition: 6 });
    expect(passes).toHaveLength(16);
    expect(passes[15]).toEqual({ requestId: id, run: 3, slice: 15, pass: 1, images: 7 });
    expect(slices.filter(({ state }) => state === 'queued')).toHaveLength(16);
  });

  it('queues as many as all workers alive have slots', async () => {
    await bench.workers.seen(randomUUID(), 16);
    await bench.workers.seen(randomUUID(), 8);
    expect((await begin(500)).passes).toHaveLength(24);
  });

  it('queues all of a small request', async () => {
    expect((await begin(192)).passes).toHaveLength(64);
  });

  it('does not count a worker that has gone or went silent', async () => {
    const [gone, silent] = [randomUUID(), randomUUID()];
    for (const id of [gone, silent, randomUUID()]) await bench.workers.seen(id, 20);
    await bench.workers.gone(gone);
    await bench.rows(`UPDATE worker SET seen_at = now() - interval '31 s' WHERE id = $1`, [silent]);
    expect((await begin(2000)).passes).toHaveLength(20);
  });
});

describe('enqueue', () => {
  it('adds the wake-up of a pass once', async () => {
    const id = await bench.insertRequest(2, 1);
    const passes = [0, 1].map((slice) => ({ requestId: id, run: 1, slice, pass: 1, images: 25 }));
    await bench.dispatcher.enqueue(passes);
    await bench.dispatcher.enqueue([...passes, { ...passes[0]!, pass: 2 }]);
    expect(await jobIds(id)).toEqual([`${id}-1-0-1`, `${id}-1-0-2`, `${id}-1-1-1`]);
  });

  it('puts slices of a few images on a queue of their own', async () => {
    const id = await bench.insertRequest(2, 1);
    const passes = [25, 1].map((images, slice) => ({ requestId: id, run: 1, slice, pass: 1, images }));
    await bench.dispatcher.enqueue(passes);
    expect((await bench.jobs({ requestId: id })).map(({ queue }) => queue)).toEqual([
      'slices',
      'small-slices',
    ]);
  });
});

describe('refill', () => {
  it('puts the next slices on the queue while one goes on', async () => {
    const id = await bench.insertRequest(400, 8);
    const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    await bench.dispatcher.refill(slice);
    const states = (await bench.sliceRows(id)).map(({ state }) => state);
    expect(states.slice(0, 18)).toEqual(['running', ...Array<string>(16).fill('queued'), 'waiting']);
    expect(await jobIds(id)).toHaveLength(16);
  });

  it.each([`status = 'cancelled'`, 'run = 2'])(
    'begins nothing when the request became %s',
    async (changed) => {
      const id = await bench.insertRequest(3, 1);
      const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
      await bench.change(id, 'processing_request', changed);
      await bench.dispatcher.refill(slice);
      expect(await jobIds(id)).toEqual([]);
    },
  );
});

describe('endPass', () => {
  it('moves the next slice into the window, and puts it on the queue', async () => {
    const id = await bench.insertRequest(400, 8);
    const first = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    await bench.record(
      first,
      [0, 1, 2, 3, 4, 5, 6, 7].map((position) => [position, completedOutcome()]),
    );
    await bench.dispatcher.endPass(first);
    const states = (await bench.sliceRows(id)).map(({ state }) => state);
    expect(states).toEqual([
      'done',
      ...Array<string>(16).fill('queued'),
      ...Array<string>(33).fill('waiting'),
    ]);
    expect(await jobIds(id)).toHaveLength(16);
  });

  it('leaves a wake-up for the next pass, when that is due', async () => {
    const slice = await bench.begunRequest(1);
    await bench.record(slice, [[0, retryOutcome(60_000)]]);
    await bench.dispatcher.endPass(slice);
    const [job, ...others] = await bench.jobs({ requestId: slice.requestId });
    expect(others).toEqual([]);
    expect(job!.id).toBe(`${slice.requestId}-1-0-2`);
    expect(job!.delay).toBeGreaterThan(50_000);
    // A moment later than the slice is due: the queue's clock is another one.
    expect(job!.delay).toBeLessThanOrEqual(60_100);
  });

  it('puts a slice with images left on the queue once more, at once', async () => {
    const slice = await bench.begunRequest(2);
    await bench.record(slice, [[0, completedOutcome()]]);
    await bench.dispatcher.endPass(slice);
    expect(await bench.sliceRows(slice.requestId)).toMatchObject([{ state: 'queued', pass: 2 }]);
    expect(await jobIds(slice.requestId)).toEqual([`${slice.requestId}-1-0-2`]);
  });

  it('does nothing to a slice that was taken back, and still fills the window', async () => {
    const id = await bench.insertRequest(2, 1);
    const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
    await bench.rows(`UPDATE slice SET pass = 2 WHERE request_id = $1 AND number = 0`, [id]);
    await bench.dispatcher.endPass(slice);
    expect(await bench.sliceRows(id)).toMatchObject([
      { state: 'running', pass: 2 },
      { state: 'queued', pass: 1 },
    ]);
  });

  it.each([`status = 'cancelled'`, 'run = 2'])(
    'begins nothing more when the request became %s',
    async (changed) => {
      const id = await bench.insertRequest(3, 1);
      const slice = (await bench.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
      await bench.change(id, 'processing_request', changed);
      await bench.dispatcher.endPass(slice);
      expect(await jobIds(id)).toEqual([]);
    },
  );
});
