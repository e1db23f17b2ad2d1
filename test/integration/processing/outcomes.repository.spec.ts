import type { Outcome } from '../../../src/processing/outcome.js';
import { SPEED_MEMORY } from '../../../src/requests/remaining-time.js';
import { completedOutcome, NOT_FOUND, retryOutcome, Workbench } from './workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

async function expectUntouched(requestId: string): Promise<void> {
  expect(await bench.images(requestId)).toMatchObject([{ status: 'pending', attempts: 0, objectKey: null }]);
  expect(await bench.request(requestId)).toMatchObject({ completedCount: 0, inputBytes: 0 });
}

describe('record', () => {
  it('writes what became of each image, and adds it to the counters', async () => {
    const slice = await bench.begunRequest(6);
    expect(
      await bench.record(slice, [
        [0, completedOutcome('key-0')],
        [1, NOT_FOUND],
        [2, retryOutcome(60_000)],
        [3, { kind: 'postponed', delayMs: 30_000 }],
        [5, completedOutcome('key-5')],
      ]),
    ).toEqual({ changed: 5, pending: 3 });

    expect(await bench.images(slice.requestId)).toMatchObject([
      {
        status: 'completed',
        attempts: 1,
        objectKey: 'key-0',
        keptOriginal: false,
        contentType: 'image/jpeg',
        width: 40,
        height: 30,
        originalSize: 1000,
        compressedSize: 400,
        sha256: Buffer.alloc(32, 0xab),
        errorCode: null,
        finishedAt: expect.any(Date),
      },
      {
        status: 'failed',
        attempts: 1,
        objectKey: null,
        errorCode: 'http_404',
        errorDetail: 'The host answered with status 404.',
        httpStatus: 404,
        finishedAt: expect.any(Date),
      },
      { status: 'pending', attempts: 1, errorCode: 'timeout', httpStatus: null, finishedAt: null },
      { status: 'pending', attempts: 0, errorCode: null, finishedAt: null },
      { status: 'pending', attempts: 0, nextAttemptAt: null },
      { status: 'completed', objectKey: 'key-5' },
    ]);
    expect(await bench.request(slice.requestId)).toMatchObject({
      status: 'processing',
      completedCount: 2,
      failedCount: 1,
      inputBytes: 2000,
      outputBytes: 800,
    });
  });

  it.each<[number, Outcome]>([
    [60_000, retryOutcome(60_000)],
    [30_000, { kind: 'postponed', delayMs: 30_000 }],
  ])('has an image wait for %d ms, by the clock of the database', async (delayMs, outcome) => {
    const slice = await bench.begunRequest(1);
    await bench.record(slice, [[0, outcome]]);
    const [row] = await bench.rows<{ waits: boolean }>(
      `SELECT next_attempt_at - now() BETWEEN ($2 - 10000) * interval '1 ms' AND $2 * interval '1 ms' AS waits
       FROM product_image WHERE request_id = $1`,
      [slice.requestId, delayMs],
    );
    expect(row).toEqual({ waits: true });
  });

  it('counts the attempts; an image that was put off keeps its own, and its last error', async () => {
    const slice = await bench.begunRequest(1);
    await bench.record(slice, [[0, retryOutcome(0)]]);
    await bench.record(slice, [[0, { kind: 'postponed', delayMs: 0 }]]);
    expect(await bench.images(slice.requestId)).toMatchObject([{ attempts: 1, errorCode: 'timeout' }]);
    await bench.record(slice, [[0, completedOutcome()]]);
    expect(await bench.images(slice.requestId)).toMatchObject([
      { attempts: 2, errorCode: null, errorDetail: null, nextAttemptAt: null },
    ]);
  });

  it('counts the same outcomes once, and keeps the first of an image', async () => {
    const slice = await bench.begunRequest(3);
    await bench.record(slice, [
      [0, completedOutcome('first')],
      [1, NOT_FOUND],
    ]);
    expect(
      await bench.record(slice, [
        [0, completedOutcome('second')],
        [1, completedOutcome('third')],
        [2, completedOutcome('fourth')],
      ]),
    ).toEqual({ changed: 1, pending: 0 });
    expect(await bench.images(slice.requestId)).toMatchObject([
      { objectKey: 'first', attempts: 1 },
      { status: 'failed', objectKey: null },
      { objectKey: 'fourth' },
    ]);
    expect(await bench.request(slice.requestId)).toMatchObject({
      completedCount: 2,
      failedCount: 1,
      inputBytes: 2000,
    });
  });

  it('counts the same outcomes once that two record at the same moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      const slice = await bench.begunRequest(2);
      const both = await Promise.all(
        ['left', 'right'].map((key) =>
          bench.record(slice, [
            [0, completedOutcome(key)],
            [1, completedOutcome(key)],
          ]),
        ),
      );
      expect(new Set(both.map(({ changed }) => changed))).toEqual(new Set([0, 2]));
      expect(await bench.request(slice.requestId)).toMatchObject({ completedCount: 2, outputBytes: 800 });
    }
  });

  it('tells the last of many who record at the same moment, and nobody else, that nothing is pending', async () => {
    for (let round = 0; round < 20; round += 1) {
      const slice = await bench.begunRequest(4);
      const recorded = await Promise.all(
        [0, 1, 2, 3].map((position) => bench.record(slice, [[position, completedOutcome()]])),
      );
      expect(new Set(recorded.map(({ pending }) => pending))).toEqual(new Set([0, 1, 2, 3]));
    }
  });

  it.each([
    ['a pass that was taken back', 'slice', `state = 'queued', pass = 2, lease_until = NULL`],
    ['a pass that another worker has by now', 'slice', 'pass = 2'],
    ['a slice that is done', 'slice', `state = 'done'`],
  ] as const)('refuses what was done in %s', async (_, table, changed) => {
    const slice = await bench.begunRequest(1);
    await bench.change(slice.requestId, table, changed);
    expect(await bench.record(slice, [[0, completedOutcome()]])).toEqual({ changed: 0, pending: 1 });
    await expectUntouched(slice.requestId);
  });

  it.each(['run = 2', `status = 'cancelled'`, `status = 'completed'`])(
    'refuses it when the request became %s',
    async (changed) => {
      const slice = await bench.begunRequest(1);
      await bench.change(slice.requestId, 'processing_request', changed);
      expect(await bench.record(slice, [[0, completedOutcome()]])).toEqual({
        changed: 0,
        pending: undefined,
      });
      await expectUntouched(slice.requestId);
    },
  );

  it('takes what was done in a slice whose lease ran out, as long as nobody took it back', async () => {
    const slice = await bench.begunRequest(1);
    await bench.change(slice.requestId, 'slice', `lease_until = now() - interval '1 h'`);
    expect(await bench.record(slice, [[0, completedOutcome()]])).toEqual({ changed: 1, pending: 0 });
  });

  it('heeds that the slice was taken back while it waited', async () => {
    const slice = await bench.begunRequest(1);
    const recorded = await bench.whileLocked(
      slice.requestId,
      () => bench.record(slice, [[0, completedOutcome()]]),
      (manager) => manager.query(`UPDATE slice SET state = 'queued', pass = pass + 1`),
    );
    expect(recorded).toEqual({ changed: 0, pending: 1 });
    await expectUntouched(slice.requestId);
  });

  it('waits for whoever has the request, and heeds what became of it', async () => {
    const slice = await bench.begunRequest(1);
    const recorded = await bench.whileLocked(
      slice.requestId,
      () => bench.record(slice, [[0, completedOutcome()]]),
      (manager) => manager.query(`UPDATE processing_request SET status = 'cancelled'`),
    );
    expect(recorded).toEqual({ changed: 0, pending: undefined });
    await expectUntouched(slice.requestId);
  });

  it('changes images of its own request only', async () => {
    const [slice, other] = [await bench.begunRequest(1), await bench.begunRequest(1)];
    await bench.record(slice, [[0, completedOutcome()]]);
    await expectUntouched(other.requestId);
  });
});

describe('the speed of a run', () => {
  const secondsBetween = (from: Date | null, to: Date | null) => (to!.getTime() - from!.getTime()) / 1000;
  /** How much of the average so far remains after so many seconds. */
  const remembered = (seconds: number) => Math.exp(-seconds / SPEED_MEMORY);

  it('is the average of all that ended since the beginning, weighted by time', async () => {
    const slice = await bench.begunRequest(10);
    await bench.change(slice.requestId, 'processing_request', `started_at = now() - interval '12 s'`);
    await bench.record(slice, [
      [0, completedOutcome()],
      [1, NOT_FOUND],
      [2, retryOutcome(0)],
    ]);
    const first = await bench.request(slice.requestId);
    const twelve = secondsBetween(first.startedAt, first.progressedAt);
    expect(twelve).toBeGreaterThanOrEqual(12);
    expect(first.speed).toBeCloseTo((1 - remembered(twelve)) * (2 / twelve), 4);

    await bench.change(slice.requestId, 'processing_request', `progressed_at = now() - interval '20 s'`);
    const since = (await bench.request(slice.requestId)).progressedAt;
    await bench.record(slice, [[2, completedOutcome()]]);
    const second = await bench.request(slice.requestId);
    const twenty = secondsBetween(since, second.progressedAt);
    expect(second.speed).toBeCloseTo(
      remembered(twenty) * first.speed! + (1 - remembered(twenty)) * (1 / twenty),
      4,
    );
  });

  it('does not move while nothing ends, and begins with nothing', async () => {
    const slice = await bench.begunRequest(4);
    const outcomes: [number, Outcome][] = [
      [0, retryOutcome(0)],
      [1, { kind: 'postponed', delayMs: 0 }],
    ];
    await bench.record(slice, outcomes);
    expect(await bench.request(slice.requestId)).toMatchObject({ speed: null, progressedAt: null });

    await bench.record(slice, [[2, completedOutcome()]]);
    const { speed, progressedAt } = await bench.request(slice.requestId);
    await bench.record(slice, [...outcomes, [2, completedOutcome()]]);
    expect(await bench.request(slice.requestId)).toMatchObject({ speed, progressedAt });
  });

  it.each([
    ['nothing ended for a month', '-30 days', 1 / (30 * 86_400)],
    ['the clock was set back', '1 hour', 1 / SPEED_MEMORY],
  ])('is a number when %s', async (_, ago, expected) => {
    const slice = await bench.begunRequest(1);
    const set = `speed = 0, progressed_at = now() + interval '${ago}', started_at = progressed_at`;
    await bench.change(slice.requestId, 'processing_request', set);
    expect(await bench.record(slice, [[0, completedOutcome()]])).toEqual({ changed: 1, pending: 0 });
    const { speed } = await bench.request(slice.requestId);
    expect(speed! / expected).toBeCloseTo(1, 3);
  });
});

describe('losers', () => {
  it('are the objects that no image names', async () => {
    const slice = await bench.begunRequest(3);
    await bench.record(slice, [
      [0, completedOutcome('winner')],
      [1, NOT_FOUND],
    ]);
    const outcomes: [number, Outcome][] = [
      [0, completedOutcome('winner')],
      [0, completedOutcome('loser')],
      [1, completedOutcome('of a failed image')],
      [2, completedOutcome('of a pending image')],
      [2, NOT_FOUND],
    ];
    const keys = await bench.outcomes.losers(
      bench.dataSource.manager,
      slice.requestId,
      outcomes.map(([position, outcome]) => ({ slice: 0, pass: 1, position, outcome })),
    );
    expect(keys.toSorted()).toEqual(['loser', 'of a failed image', 'of a pending image']);
  });
});
