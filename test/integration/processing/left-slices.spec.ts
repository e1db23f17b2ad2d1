import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LeftSlices } from '../../../src/processing/left-slices.js';
import type { ClaimedSlice } from '../../../src/processing/slices.repository.js';
import { completedOutcome, NOT_FOUND, Workbench } from './workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => bench.close());

const cancel = (id: string) => bench.cancellations().cancel('default', id);
const retry = (id: string) => bench.retries().retry('default', id);
const endLeft = () =>
  new LeftSlices(bench.reconcilerRepository, bench.orphans()).end(new AbortController().signal);
const expire = (id: string) => bench.change(id, 'slice', `lease_until = now() - interval '1 s'`);
const stored = (id: string) => bench.storedKeys(id);
const states = async (id: string) =>
  (await bench.sliceRows(id))
    .map(({ run, state }) => [run, state])
    .toSorted(([a], [b]) => Number(a) - Number(b));

/** A slice of so many images that a worker began and left for ever, when it had put an object and not recorded it. */
async function killedWorker(images: number): Promise<{ slice: ClaimedSlice; orphan: string }> {
  const slice = await bench.begunRequest(images);
  const { objectKey: orphan } = await bench.compressed(slice.requestId, 0);
  await expire(slice.requestId);
  return { slice, orphan };
}

/** The same, when the slice was taken back and another worker has begun it. */
async function secondWorker(images: number): Promise<{ slice: ClaimedSlice; orphan: string }> {
  const { slice, orphan } = await killedWorker(images);
  await bench.reconciler().reconcile();
  const taken = await bench.claim({ ...slice, pass: 2 });
  expect(taken).toMatchObject({ starts: 2 });
  return { slice: taken!, orphan };
}

describe('a slice that was begun twice', () => {
  it('is cleared of what the first worker had put, also when its last outcome has ended the request', async () => {
    const { slice } = await secondWorker(1);
    const valid = await bench.compressed(slice.requestId, 0);
    await bench.recorder().record(slice, 0, valid);
    expect(await bench.request(slice.requestId)).toMatchObject({ status: 'completed' });
    expect(await bench.orphans().deleteIn(slice)).toBe(true);
    expect(await stored(slice.requestId)).toEqual([valid.objectKey]);
  });

  it('and when the request was cancelled meanwhile', async () => {
    const { slice } = await secondWorker(2);
    await cancel(slice.requestId);
    expect(await bench.orphans().deleteIn(slice)).toBe(true);
    expect(await stored(slice.requestId)).toEqual([]);
  });

  it('is not cleared by a worker that does not have it any more', async () => {
    const { slice } = await secondWorker(2);
    await expire(slice.requestId);
    await bench.reconciler().reconcile();
    const third = (await bench.claim({ ...slice, pass: 3 }))!;
    const unrecorded = await bench.compressed(slice.requestId, 0);
    expect(await bench.orphans().deleteIn(slice)).toBe(false);
    await bench.recorder().record(third, 0, unrecorded);
    expect(await bench.orphans().deleteIn(third)).toBe(true);
    expect(await stored(slice.requestId)).toEqual([unrecorded.objectKey]);
  });

  it('is not cleared when a later run has begun, whose objects are not all recorded; after that run it is', async () => {
    const { slice, orphan } = await secondWorker(1);
    await cancel(slice.requestId);
    await retry(slice.requestId);
    const now = (await bench.claim({ requestId: slice.requestId, run: 2, slice: 0, pass: 1 }))!;
    const valid = await bench.compressed(slice.requestId, 0);
    expect(await bench.orphans().deleteIn(slice)).toBe(false);
    expect(await stored(slice.requestId)).toEqual([orphan, valid.objectKey].toSorted());
    await bench.recorder().record(now, 0, valid);
    await bench.dispatcher.endPass(now);
    await expire(slice.requestId);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([valid.objectKey]);
    expect(await states(slice.requestId)).toEqual([
      [1, 'done'],
      [2, 'done'],
    ]);
  });

  it('is left alone when another worker takes it while its objects are listed', async () => {
    const { slice } = await secondWorker(1);
    const list = bench.storage.keysBetween.bind(bench.storage);
    let valid: string | undefined;
    // The worst that can happen: what is listed is of the other already.
    jest.spyOn(bench.storage, 'keysBetween').mockImplementationOnce(async (...range) => {
      await expire(slice.requestId);
      await bench.reconciler().reconcile();
      await bench.claim({ ...slice, pass: 3 });
      valid = (await bench.compressed(slice.requestId, 0)).objectKey;
      return list(...range);
    });
    await bench.orphans().deleteIn(slice);
    expect(await stored(slice.requestId)).toContain(valid);
  });
});

describe('a slice of a run that is over', () => {
  it('that a killed worker had is cleared and done when its lease is over, not before', async () => {
    const slice = await bench.begunRequest(2);
    const valid = await bench.compressed(slice.requestId, 1);
    await bench.recorder().record(slice, 1, valid);
    const { objectKey: orphan } = await bench.compressed(slice.requestId, 0);
    await cancel(slice.requestId);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([orphan, valid.objectKey].toSorted());
    expect(await states(slice.requestId)).toEqual([[1, 'running']]);
    await expire(slice.requestId);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([valid.objectKey]);
    expect(await states(slice.requestId)).toEqual([[1, 'done']]);
  });

  it('that had been taken back, and nobody began again, too', async () => {
    const { slice } = await killedWorker(1);
    await bench.reconciler().reconcile();
    await cancel(slice.requestId);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([]);
    expect(await states(slice.requestId)).toEqual([[1, 'done']]);
  });

  it('that nobody had begun is done; one that waits stays as it is', async () => {
    const id = await bench.insertRequest(2, 1);
    await bench.rows(
      `UPDATE slice SET state = 'queued', queued_at = now() WHERE request_id = $1 AND number = 0`,
      [id],
    );
    await cancel(id);
    await endLeft();
    expect(await states(id)).toEqual([
      [1, 'done'],
      [1, 'waiting'],
    ]);
  });

  it('is left alone while a later run goes on, whose objects are not all recorded', async () => {
    const { slice, orphan } = await killedWorker(1);
    await cancel(slice.requestId);
    await retry(slice.requestId);
    const now = (await bench.claim({ requestId: slice.requestId, run: 2, slice: 0, pass: 1 }))!;
    const valid = await bench.compressed(slice.requestId, 0);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([orphan, valid.objectKey].toSorted());
    await bench.recorder().record(now, 0, valid);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([valid.objectKey]);
  });

  it('is left alone when a later run begins while its objects are listed', async () => {
    const { slice } = await killedWorker(1);
    await cancel(slice.requestId);
    const list = bench.storage.keysBetween.bind(bench.storage);
    let valid: string | undefined;
    jest.spyOn(bench.storage, 'keysBetween').mockImplementationOnce(async (...range) => {
      await retry(slice.requestId);
      await bench.claim({ requestId: slice.requestId, run: 2, slice: 0, pass: 1 });
      valid = (await bench.compressed(slice.requestId, 0)).objectKey;
      return list(...range);
    });
    await endLeft();
    expect(await stored(slice.requestId)).toContain(valid);
    expect(await states(slice.requestId)).toContainEqual([1, 'running']);
  });

  it('is left alone when a later run was there and is over by then: the next round does it', async () => {
    const { slice } = await killedWorker(1);
    await cancel(slice.requestId);
    const found = await bench.reconcilerRepository.leftSlices();
    const left = found.find(({ requestId }) => requestId === slice.requestId)!;
    await retry(slice.requestId);
    const now = (await bench.claim({ requestId: slice.requestId, run: 2, slice: 0, pass: 1 }))!;
    await bench.recorder().record(now, 0, NOT_FOUND);
    await bench.orphans().deleteLeft([left]);
    expect(await states(slice.requestId)).toContainEqual([1, 'running']);
    await endLeft();
    expect(await states(slice.requestId)).toContainEqual([1, 'done']);
    expect(await stored(slice.requestId)).toEqual([]);
  });

  it('whose worker wakes up late is no trouble: it deletes its own object', async () => {
    const { slice } = await killedWorker(1);
    await cancel(slice.requestId);
    await endLeft();
    await bench.recorder().record(slice, 0, await bench.compressed(slice.requestId, 0));
    await bench.dispatcher.endPass(slice);
    expect(await stored(slice.requestId)).toEqual([]);
    expect(await states(slice.requestId)).toEqual([[1, 'done']]);
  });

  it('of a request that ended is done without an object being lost', async () => {
    const slice = await bench.begunRequest(1);
    const valid = await bench.compressed(slice.requestId, 0);
    await bench.recorder().record(slice, 0, valid);
    await expire(slice.requestId);
    await endLeft();
    expect(await stored(slice.requestId)).toEqual([valid.objectKey]);
    expect(await states(slice.requestId)).toEqual([[1, 'done']]);
  });

  it('is left to the removal when the request is deleted', async () => {
    const { slice } = await killedWorker(1);
    await cancel(slice.requestId);
    await bench.removals().remove('default', slice.requestId);
    const list = jest.spyOn(bench.storage, 'keysBetween');
    await endLeft();
    expect(list.mock.calls.map(([id]) => id)).not.toContain(slice.requestId);
    expect(await states(slice.requestId)).toEqual([[1, 'running']]);
  });

  it('does not keep others waiting when its objects cannot be read', async () => {
    const [broken, other] = [await killedWorker(1), await killedWorker(1)];
    await cancel(broken.slice.requestId);
    await cancel(other.slice.requestId);
    const folder = join(bench.env.storage.directory, broken.slice.requestId);
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await endLeft();
    expect(await states(broken.slice.requestId)).toEqual([[1, 'running']]);
    expect(await states(other.slice.requestId)).toEqual([[1, 'done']]);
    expect(bench.logged).toContainEqual(['warn', expect.stringContaining(broken.slice.requestId)]);
    await rm(folder);
    await endLeft();
    expect(await states(broken.slice.requestId)).toEqual([[1, 'done']]);
  });
});

it('an object that is named is never one that was left, however its image came to it', async () => {
  const { slice } = await secondWorker(3);
  const keys = await Promise.all([0, 1, 2].map((position) => bench.compressed(slice.requestId, position)));
  const recorder = bench.recorder();
  await Promise.all(keys.map((outcome, position) => recorder.record(slice, position, outcome)));
  await bench.recorder().record(slice, 0, completedOutcome());
  await bench.orphans().deleteIn(slice);
  await expire(slice.requestId);
  await endLeft();
  expect(await stored(slice.requestId)).toEqual(keys.map(({ objectKey }) => objectKey).toSorted());
});
