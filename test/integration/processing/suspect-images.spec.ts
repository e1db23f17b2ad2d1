import { setImmediate } from 'node:timers/promises';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { DecodeMarks } from '../../../src/processing/decode-marks.js';
import { HostLimits } from '../../../src/processing/host-limits.js';
import { ImageCompressor } from '../../../src/processing/image-compressor.js';
import { ImageDownloader } from '../../../src/processing/image-downloader.js';
import { ImagePipeline } from '../../../src/processing/image-pipeline.js';
import type { Outcome } from '../../../src/processing/outcome.js';
import { OutputStore } from '../../../src/processing/output-store.js';
import { PipelineLimits } from '../../../src/processing/pipeline-limits.js';
import { compressOptions } from '../../support/compression.js';
import { startOrigin, type Origin } from '../../support/origin.js';
import { photo } from '../../support/pictures.js';
import { Workbench } from './workbench.js';

let bench: Workbench;
let origin: Origin;
let fetcher: GuardedFetch;
let limits: PipelineLimits;
let pipeline: ImagePipeline;
const never = new AbortController().signal;

beforeAll(async () => {
  bench = await Workbench.open({ WORKER_CONCURRENCY: '3' });
  const { env, dataSource, storage } = bench;
  origin = await startOrigin();
  origin.serve('/photo.jpg', { body: await photo().jpeg({ quality: 95 }).toBuffer() });
  fetcher = new GuardedFetch(env);
  limits = new PipelineLimits(env);
  const downloader = new ImageDownloader(fetcher, env);
  const marks = new DecodeMarks(dataSource);
  pipeline = new ImagePipeline(
    new HostLimits(env),
    downloader,
    new ImageCompressor(env),
    marks,
    new OutputStore(storage),
    limits,
    env,
  );
});
afterAll(async () => {
  await fetcher.onApplicationShutdown();
  await origin.close();
  await bench.close();
});

function run(requestId: string, suspect: boolean): Promise<Outcome | undefined> {
  const image = { requestId, position: 0, sourceUrl: origin.url('/photo.jpg'), attempts: 0, suspect };
  return pipeline.run(
    { ...image, options: compressOptions() },
    { stopping: never, aborting: never, onHostWait: () => undefined },
  );
}

/** Whether one more could encode now; a place that is free is had without waiting for anything outside. */
async function hasFreeEncoder(): Promise<boolean> {
  const giveUp = new AbortController();
  const place = limits.encoders.acquire('another', 1, giveUp.signal);
  const free = await Promise.race([place.then(() => true), setImmediate(false)]);
  giveUp.abort();
  await place.then(
    (hold) => hold.release(),
    () => undefined,
  );
  return free;
}

it('are marked and decoded with nothing else beside them', async () => {
  const id = await bench.insertRequest(1, 1);
  let outcome: Promise<Outcome | undefined> | undefined;
  await bench.dataSource.transaction(async (manager) => {
    await manager.query('SELECT FROM product_image WHERE request_id = $1 FOR UPDATE', [id]);
    outcome = run(id, true);
    await bench.untilBlocked(1); // at the mark
    expect(await hasFreeEncoder()).toBe(false);
  });
  expect(await outcome).toMatchObject({ kind: 'completed' });
  expect(await hasFreeEncoder()).toBe(true);
  expect(await bench.images(id)).toMatchObject([{ decodeMarks: 0 }]);
});

it('that have killed three processes are given up, and no others are looked at for it', async () => {
  const id = await bench.insertRequest(1, 1);
  await bench.change(id, 'product_image', 'decode_marks = 2');
  expect(await run(id, true)).toEqual({
    kind: 'failed',
    error: { code: 'decoder_crash', message: 'Decoding this image crashes the decoder.', httpStatus: null },
  });
  await bench.change(id, 'product_image', 'decode_marks = 2');
  expect(await run(id, false)).toMatchObject({ kind: 'completed' });
  expect(await bench.images(id)).toMatchObject([{ decodeMarks: 2 }]);
});

it('cost no attempt when the database is away', async () => {
  const id = await bench.insertRequest(1, 1);
  await bench.rows(`
    CREATE FUNCTION shut_down() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'the server is shutting down' USING ERRCODE = '57P01'; END $$`);
  await bench.rows('CREATE TRIGGER away BEFORE UPDATE ON product_image EXECUTE FUNCTION shut_down()');
  expect(await run(id, true)).toEqual({ kind: 'postponed', delayMs: expect.any(Number) });
  await bench.rows('DROP TRIGGER away ON product_image');
});
