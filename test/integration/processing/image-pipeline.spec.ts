import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { createDataSource } from '../../../src/database/data-source.js';
import { DecodeMarks } from '../../../src/processing/decode-marks.js';
import { HostLimits, type HostPlace } from '../../../src/processing/host-limits.js';
import { ImageCompressor } from '../../../src/processing/image-compressor.js';
import { ImageDownloader } from '../../../src/processing/image-downloader.js';
import { ImagePipeline, type PipelineImage } from '../../../src/processing/image-pipeline.js';
import type { Outcome } from '../../../src/processing/outcome.js';
import { OutputStore } from '../../../src/processing/output-store.js';
import { PipelineLimits } from '../../../src/processing/pipeline-limits.js';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { compressOptions } from '../../support/compression.js';
import {
  shortContentLength,
  stall,
  startOrigin,
  tooManyRequests,
  type Origin,
} from '../../support/origin.js';
import { photo } from '../../support/pictures.js';
import { waitFor } from '../../support/wait-for.js';

const REQUEST = randomUUID();

let directory: string;
let origin: Origin;
let env: Env;
let fetcher: GuardedFetch;
let storage: LocalDisk;
let hosts: HostLimits;
let pipeline: ImagePipeline;
let stopping: AbortController;
let aborting: AbortController;

beforeEach(async () => {
  Logger.overrideLogger(false);
  directory = await mkdtemp(join(tmpdir(), 'pipeline-'));
  origin = await startOrigin();
  origin.serve('/photo.jpg', { body: await photo().jpeg({ quality: 95 }).toBuffer() });
  await setUp();
});
afterEach(async () => {
  jest.useRealTimers();
  await tearDown();
  await origin.close();
  await rm(directory, { recursive: true, force: true });
  Logger.overrideLogger(['log', 'warn', 'error']);
});

async function setUp(settings: Record<string, string> = {}): Promise<void> {
  env = parseEnv({ DATA_DIR: directory, ALLOW_PRIVATE_ADDRESSES: 'true', ...settings });
  fetcher = new GuardedFetch(env);
  storage = await LocalDisk.open(env.storage.directory);
  hosts = new HostLimits(env);
  const downloader = new ImageDownloader(fetcher, env);
  const compressor = new ImageCompressor(env);
  // Never asked: no image here is a suspect.
  const marks = new DecodeMarks(
    createDataSource('postgres://127.0.0.1', { poolSize: 2, applicationName: 'test' }),
  );
  const outputs = new OutputStore(storage);
  pipeline = new ImagePipeline(hosts, downloader, compressor, marks, outputs, new PipelineLimits(env), env);
  stopping = new AbortController();
  aborting = new AbortController();
}

async function setUpWith(settings: Record<string, string>): Promise<void> {
  await tearDown();
  await setUp(settings);
}

async function tearDown(): Promise<void> {
  await fetcher.onApplicationShutdown();
  storage.onModuleDestroy();
}

function run(
  path: string,
  image: Partial<PipelineImage> = {},
  onHostWait: (waits: boolean) => void = () => undefined,
): Promise<Outcome | undefined> {
  return pipeline.run(
    {
      requestId: REQUEST,
      position: 0,
      sourceUrl: origin.url(path),
      attempts: 0,
      options: compressOptions(),
      suspect: false,
      ...image,
    },
    { stopping: stopping.signal, aborting: aborting.signal, onHostWait },
  );
}

async function stored(): Promise<string[]> {
  const requests = await readdir(env.storage.directory, { withFileTypes: true });
  return requests.some(({ name }) => name === REQUEST) ? readdir(join(env.storage.directory, REQUEST)) : [];
}

describe('an image', () => {
  it('is downloaded, compressed and stored; the outcome describes what is stored', async () => {
    const outcome = (await run('/photo.jpg', { position: 7 })) as Outcome & { kind: 'completed' };
    const bytes = await readFile(join(env.storage.directory, outcome.objectKey));
    const source = await (await fetch(origin.url('/photo.jpg'))).arrayBuffer();
    expect(outcome).toEqual({
      kind: 'completed',
      objectKey: expect.stringMatching(`^${REQUEST}/7-[0-9a-f]{32}-photo.jpg$`),
      keptOriginal: false,
      contentType: 'image/jpeg',
      width: 320,
      height: 240,
      originalSize: source.byteLength,
      compressedSize: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 320 });
    expect(bytes.length).toBeLessThan(source.byteLength);
  });

  it.each([
    ['permanent', '/missing.jpg', 0, { kind: 'failed', error: { code: 'http_404', httpStatus: 404 } }],
    ['transient', '/short.jpg', 0, { kind: 'retry', error: { code: 'truncated', httpStatus: null } }],
    ['transient', '/short.jpg', 3, { kind: 'failed', error: { code: 'truncated' } }],
  ])('with a %s error at %s and %i attempts before is %j', async (_, path, attempts, expected) => {
    origin.serve('/short.jpg', shortContentLength());
    expect(await run(path, { attempts })).toMatchObject(expected);
    expect(await stored()).toEqual([]);
  });

  it('waits for as long as Retry-After says', async () => {
    origin.serve('/busy.jpg', tooManyRequests('120'));
    expect(await run('/busy.jpg')).toMatchObject({ kind: 'retry', delayMs: 120_000 });
  });

  it('whose URL cannot be one any more is url_invalid', async () => {
    const outcome = await run('/', { sourceUrl: 'http://[' });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'url_invalid' } });
  });

  it('that meets a fault of our own is internal, and tried again', async () => {
    const options = {} as PipelineImage['options'];
    const outcome = await run('/photo.jpg', { options });
    expect(outcome).toMatchObject({
      kind: 'retry',
      error: { code: 'internal', message: 'Something went wrong on our side.' },
    });
  });
});

describe('a host', () => {
  it('without a free place puts an image off, without asking it', async () => {
    await setUpWith({ FETCH_PER_HOST: '1' });
    const { host } = new URL(origin.url('/'));
    const place = await hosts.enter(host, { key: REQUEST, signal: stopping.signal, waitMs: 0 });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const outcome = run('/photo.jpg');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toEqual({ kind: 'postponed', delayMs: expect.any(Number) });
    expect(origin.requests).toEqual([]);
    (place as HostPlace).leave('ok');
  });

  it.each([
    ['overloaded', '/busy.jpg', 1],
    ['in order', '/missing.jpg', 0],
  ])('that is %s is remembered with a lower limit, or not', async (_, path, remembered) => {
    origin.serve('/busy.jpg', tooManyRequests('1'));
    await run(path);
    expect(hosts.size).toBe(remembered);
  });

  it('gets all its places back, however the images before ended, and so do the downloads', async () => {
    await setUpWith({ FETCH_PER_HOST: '1', FETCH_CONCURRENCY: '1', WORKER_CONCURRENCY: '1' });
    origin.serve('/short.jpg', shortContentLength());
    origin.serve('/text.jpg', { body: 'no picture' });
    for (const path of ['/missing.jpg', '/short.jpg', '/text.jpg', '/photo.jpg']) await run(path);
    expect(await run('/photo.jpg')).toMatchObject({ kind: 'completed' });
  });
});

describe('a host that does not answer', () => {
  beforeEach(async () => {
    await setUpWith({ FETCH_CONCURRENCY: '1' });
    origin.serve('/stall.jpg', stall());
  });

  it('does not keep the only slot from the downloads that could go on', async () => {
    const waits: boolean[] = [];
    const stalled = run('/stall.jpg', {}, (each) => waits.push(each));
    await waitFor('the download', async () => origin.hits('/stall.jpg') > 0);
    expect(await run('/photo.jpg')).toMatchObject({ kind: 'completed' });
    expect(waits).toEqual([true]);
    aborting.abort();
    expect(await stalled).toBeUndefined();
  });

  it('is read from as soon as it answers and the slot is free', async () => {
    origin.serve('/late.jpg', { body: await photo().png().toBuffer(), delayMs: 1500 });
    const waits: boolean[] = [];
    expect(await run('/late.jpg', {}, (each) => waits.push(each))).toMatchObject({ kind: 'completed' });
    expect(waits).toEqual([true, false]);
  });
});

describe('a process that stops', () => {
  it('begins no download, and uses up no attempt', async () => {
    stopping.abort();
    expect(await run('/photo.jpg')).toBeUndefined();
    expect(origin.requests).toEqual([]);
  });

  it('does not wait for a place at the host any more', async () => {
    await setUpWith({ FETCH_PER_HOST: '1' });
    origin.serve('/stall.jpg', stall());
    const running = run('/stall.jpg');
    await waitFor('the first download', async () => origin.hits('/stall.jpg') > 0);
    const waiting = run('/photo.jpg');
    stopping.abort();
    expect(await waiting).toBeUndefined();
    aborting.abort();
    expect(await running).toBeUndefined();
  });

  it('finishes what it has begun', async () => {
    origin.serve('/slow.jpg', { body: await photo().png().toBuffer(), delayMs: 300 });
    const running = run('/slow.jpg');
    await waitFor('the download', async () => origin.hits('/slow.jpg') > 0);
    stopping.abort();
    expect(await running).toMatchObject({ kind: 'completed' });
  });
});

it('breaks off when it has to, and leaves nothing behind', async () => {
  origin.serve('/stall.jpg', stall());
  const running = run('/stall.jpg');
  await waitFor('the download', async () => origin.hits('/stall.jpg') > 0);
  aborting.abort(new Error('the lease was lost'));
  expect(await running).toBeUndefined();
  expect(await stored()).toEqual([]);
  await waitFor('the end of the connection', async () => origin.openConnections() === 0);
});

describe('storage', () => {
  it('that refuses one object is an error of that image', async () => {
    await writeFile(join(env.storage.directory, REQUEST), 'in the way');
    expect(await run('/photo.jpg')).toMatchObject({ kind: 'retry', error: { code: 'storage_failed' } });
  });

  it('that takes nothing at all is no fault of the image: it uses up no attempt', async () => {
    await rename(env.storage.directory, `${env.storage.directory}-away`);
    const outcome = await run('/photo.jpg', { attempts: 3 });
    expect(outcome).toEqual({ kind: 'postponed', delayMs: expect.any(Number) });
    await rename(`${env.storage.directory}-away`, env.storage.directory);
    expect(await run('/photo.jpg', { attempts: 3 })).toMatchObject({ kind: 'completed' });
  });
});
