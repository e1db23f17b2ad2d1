import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { completedOutcome, NOT_FOUND, Workbench } from './workbench.js';

const OWNER = 'default';
const TABLES = ['processing_request', 'product', 'product_image', 'slice', 'webhook_event'] as const;
let bench: Workbench;

beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

const remove = (id: string, owner = OWNER) => bench.removals().remove(owner, id);
const clear = (stopping = new AbortController().signal) => bench.removedRequests().clear(stopping);
const problem = (code: string) => expect.objectContaining({ code }) as unknown;

async function finished(images = 2): Promise<string> {
  const slice = await bench.begunRequest(images);
  const recorder = bench.recorder();
  await Promise.all(
    Array.from({ length: images }, async (_, position) =>
      recorder.record(slice, position, await bench.compressed(slice.requestId, position)),
    ),
  );
  await bench.dispatcher.endPass(slice);
  return slice.requestId;
}

/** How many rows of the request there are, by table. */
async function rowsOf(id: string): Promise<Record<string, number>> {
  const counts = TABLES.map(
    (table) =>
      `(SELECT count(*)::int FROM ${table} WHERE ${table === 'processing_request' ? 'id' : 'request_id'} = $1) AS ${table}`,
  );
  const [rows] = await bench.rows<Record<string, number>>(`SELECT ${counts.join(', ')}`, [id]);
  return rows!;
}

const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));
const folders = async () => (await readdir(bench.env.storage.directory)).filter((name) => name !== '.tmp');

async function insertEndpoint(id: string, requestId: string | null): Promise<void> {
  await bench.rows(
    `INSERT INTO webhook_endpoint (id, owner_id, request_id, url, events, secret)
     VALUES ($1, $2, $3, 'http://127.0.0.1/', '{request.completed}', 'whsec_x')`,
    [id, OWNER, requestId],
  );
}

describe('DELETE', () => {
  it('marks the request, and clearing away leaves nothing of it and everything of others', async () => {
    const [gone, other] = [await finished(), await finished()];
    const before = await rowsOf(other);
    await remove(gone);
    expect(await bench.request(gone)).toMatchObject({ deletedAt: expect.any(Date) });
    await clear();
    expect(await rowsOf(gone)).toEqual(NOTHING);
    expect(await rowsOf(other)).toEqual(before);
    expect(await folders()).toEqual([other]);
    expect(await bench.storedKeys(other)).toHaveLength(2);
  });

  it('forgets its endpoints, its events and their deliveries; those of all requests stay', async () => {
    const slice = await bench.begunRequest(1);
    await insertEndpoint('whk_own', slice.requestId);
    await insertEndpoint('whk_all', null);
    await bench.recorder().record(slice, 0, completedOutcome());
    const other = await finished();
    await remove(slice.requestId);
    const deliveries = `SELECT endpoint_id AS endpoint, event.request_id AS request
      FROM webhook_delivery AS delivery JOIN webhook_event AS event ON event.id = event_id`;
    expect(await bench.rows(deliveries)).toEqual([{ endpoint: 'whk_all', request: other }]);
    expect(await bench.events(slice.requestId)).toEqual([]);
    await bench.reconciler().reconcile();
    expect(await bench.rows('SELECT id, enabled FROM webhook_endpoint')).toEqual([
      { id: 'whk_all', enabled: true },
    ]);
  });

  it('is refused while the request is open, for what is somebody else’s, for what is gone, and for no id', async () => {
    const open = await bench.insertRequest(1, 1);
    await expect(remove(open)).rejects.toEqual(problem('not_terminal'));
    await bench.claim({ requestId: open, run: 1, slice: 0, pass: 1 });
    await expect(remove(open)).rejects.toEqual(problem('not_terminal'));
    const done = await finished();
    await expect(remove(done, 'somebody-else')).rejects.toEqual(problem('not_found'));
    expect(await bench.request(done)).toMatchObject({ deletedAt: null });
    await remove(done);
    for (const none of [done, randomUUID(), 'no-id'])
      await expect(remove(none)).rejects.toEqual(problem('not_found'));
  });

  it('and a retry at the same moment: one of the two wins', async () => {
    for (const first of ['remove', 'retry']) {
      const id = await bench.insertRequest(1, 1, { status: 'cancelled' });
      const both = { remove: () => remove(id), retry: () => bench.retries().retry(OWNER, id) };
      const calls = first === 'remove' ? [both.remove, both.retry] : [both.retry, both.remove];
      const answers = await bench.whileLocked(
        id,
        () => Promise.allSettled(calls.map((call) => call())),
        () => bench.untilBlocked(2),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const { run, deletedAt } = await bench.request(id);
      expect([run, deletedAt === null]).toEqual(run === 1 ? [1, false] : [2, true]);
    }
  });
});

describe('clearing away', () => {
  it('goes through rows in ranges, to the last', async () => {
    const id = await finished(1);
    await bench.rows(
      `INSERT INTO product_image (request_id, position, row, source_url)
       SELECT $1, n, n + 1, 'https://shop.example/a.jpg' FROM generate_series(1, 10000) AS n`,
      [id],
    );
    await bench.rows(
      `INSERT INTO product (request_id, row, cells, first_position, image_count)
       SELECT $1, n, '[]', n, 1 FROM generate_series(2, 10001) AS n`,
      [id],
    );
    await bench.change(id, 'processing_request', 'image_count = 10001, product_count = 10001');
    await remove(id);
    await clear();
    expect(await rowsOf(id)).toEqual(NOTHING);
  });

  it('is done by several processes that do not hinder each other', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => finished(1)));
    for (const id of ids) await remove(id);
    await Promise.all([clear(), clear(), clear()]);
    expect(await bench.rows('SELECT id FROM processing_request')).toEqual([]);
    expect(await folders()).toEqual([]);
  });

  it('that was broken off is gone on with by another process, when the first has had its time', async () => {
    const id = await finished(2);
    await remove(id);
    // What a process leaves that died when objects and some rows were gone.
    await rm(join(bench.env.storage.directory, id), { recursive: true });
    await bench.rows('DELETE FROM product_image WHERE request_id = $1 AND position = 0', [id]);
    await bench.change(id, 'processing_request', `removing_until = now() + interval '1 min'`);
    await clear();
    expect(await rowsOf(id)).toMatchObject({ processing_request: 1, product_image: 1 });
    await bench.change(id, 'processing_request', `removing_until = now() - interval '1 s'`);
    await clear();
    expect(await rowsOf(id)).toEqual(NOTHING);
  });

  it('takes nothing in hand when the process stops', async () => {
    const id = await finished(1);
    await remove(id);
    await clear(AbortSignal.abort());
    expect(await bench.request(id)).toMatchObject({ removingUntil: null });
    await clear();
    expect(await rowsOf(id)).toEqual(NOTHING);
  });

  it('waits for a storage that throws, and does not keep the others waiting', async () => {
    const [broken, other] = [await finished(1), await finished(1)];
    await remove(broken);
    await remove(other);
    const folder = join(bench.env.storage.directory, broken);
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await clear();
    expect(await rowsOf(broken)).toMatchObject({ processing_request: 1, product_image: 1 });
    expect(await rowsOf(other)).toEqual(NOTHING);
    expect(bench.logged).toContainEqual(['warn', expect.stringContaining(broken)]);
    await rm(folder);
    await mkdir(folder);
    await bench.change(broken, 'processing_request', `removing_until = now() - interval '1 s'`);
    await clear();
    expect(await rowsOf(broken)).toEqual(NOTHING);
  });

  it('waits for a worker that has a slice of it in hand, which may put an object yet', async () => {
    const slice = await bench.begunRequest(1);
    await bench.cancellations().cancel(OWNER, slice.requestId);
    await remove(slice.requestId);
    const late = await bench.compressed(slice.requestId, 0);
    await clear();
    expect(await rowsOf(slice.requestId)).toMatchObject({ processing_request: 1, slice: 1 });
    await bench.recorder().record(slice, 0, late);
    await bench.dispatcher.endPass(slice);
    await clear();
    expect(await rowsOf(slice.requestId)).toEqual(NOTHING);
    expect(await folders()).toEqual([]);
  });

  it('waits no longer for one that was killed than its lease lasts', async () => {
    const slice = await bench.begunRequest(1);
    await bench.compressed(slice.requestId, 0);
    await bench.cancellations().cancel(OWNER, slice.requestId);
    await remove(slice.requestId);
    await bench.change(slice.requestId, 'slice', 'lease_until = now()');
    await clear();
    expect(await rowsOf(slice.requestId)).toEqual(NOTHING);
    expect(await folders()).toEqual([]);
    // And one that only stood still finds nothing to record, and leaves nothing.
    const late = await bench.compressed(slice.requestId, 0);
    await bench.recorder().record(slice, 0, late);
    await bench.dispatcher.endPass(slice);
    expect(await bench.storedKeys(slice.requestId)).toEqual([]);
    expect(await rowsOf(slice.requestId)).toEqual(NOTHING);
  });
});

describe('retention', () => {
  const DAY = 86_400_000;
  const expired = (id: string) =>
    bench.change(id, 'processing_request', `expires_at = now() - interval '1 s'`);

  it('is counted from the end of a request, whichever it is', async () => {
    const completed = await finished();
    const slice = await bench.begunRequest(1);
    await bench.recorder().record(slice, 0, NOT_FOUND);
    const cancelled = await bench.insertRequest(1, 1);
    await bench.cancellations().cancel(OWNER, cancelled);
    for (const id of [completed, slice.requestId, cancelled]) {
      const { finishedAt, expiresAt } = await bench.request(id);
      expect(expiresAt!.getTime() - finishedAt!.getTime()).toBe(30 * DAY);
    }
    expect(await bench.request(await bench.insertRequest(1, 1))).toMatchObject({ expiresAt: null });
  });

  it('removes what is due, as a DELETE does, and nothing else', async () => {
    const [due, young] = [await finished(), await finished()];
    await expired(due);
    expect(await bench.removals().removeExpired()).toBe(1);
    expect(await bench.events(due)).toEqual([]);
    await clear();
    expect(await rowsOf(due)).toEqual(NOTHING);
    expect(await bench.request(young)).toMatchObject({ deletedAt: null });
  });

  it('begins anew with a retry', async () => {
    const id = await bench.insertRequest(1, 1, { status: 'cancelled' });
    await expired(id);
    await bench.retries().retry(OWNER, id);
    expect(await bench.removals().removeExpired()).toBe(0);
    expect(await bench.request(id)).toMatchObject({ expiresAt: null, deletedAt: null });
  });

  it.each(['', 'and ended again'])('spares what is retried %s at that very moment', async (ended) => {
    const id = await bench.insertRequest(1, 1, { status: 'cancelled' });
    await expired(id);
    await bench.whileLocked(
      id,
      () => bench.removals().removeExpired(),
      async (manager) => {
        await bench.requests.beginNextRun(manager, id);
        if (ended) await bench.requests.end(manager, id, 'cancelled');
      },
    );
    expect(await bench.request(id)).toMatchObject({ run: 2, deletedAt: null });
  });

  it('with 0 keeps what ends for ever, and stops the removal of what ended before', async () => {
    await bench.close();
    bench = await Workbench.open({ RETENTION_DAYS: '0' });
    const id = await finished();
    expect(await bench.request(id)).toMatchObject({ status: 'completed', expiresAt: null });
    await expired(id);
    expect(await bench.removals().removeExpired()).toBe(0);
    expect(await bench.request(id)).toMatchObject({ deletedAt: null });
  });
});
