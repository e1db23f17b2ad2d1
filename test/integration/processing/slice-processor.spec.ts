import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../../src/config/config.module.js';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { ENTITIES } from '../../../src/entities.js';
import { Dispatcher } from '../../../src/processing/dispatcher.js';
import { Reconciler } from '../../../src/processing/reconciler.js';
import { SliceWorkerModule } from '../../../src/processing/slice-worker.module.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { sliceSlots } from '../../../src/queue/queues.js';
import { DataSource } from 'typeorm';
import { startOrigin, stall, type Origin } from '../../support/origin.js';
import { photo } from '../../support/pictures.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertRequest, product } from '../../support/requests.js';
import { waitFor } from '../../support/wait-for.js';

/** Of a request whose slices are not small ones. */
const IMAGES = 400;
const SLICE = 7;

let database: TestDatabase;
let directory: string;
let origin: Origin;
let env: Env;
let worker: INestApplicationContext;

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  origin = await startOrigin();
  origin.serve('/photo.jpg', { body: await photo().jpeg().toBuffer() });
  origin.serve('/stall.jpg', stall());
  env = parseEnv({
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    ALLOW_PRIVATE_ADDRESSES: 'true',
    FETCH_CONCURRENCY: '4',
    SHUTDOWN_TIMEOUT: '0ms',
  });
  @Module({
    imports: [ConfigModule.forRoot(env), DatabaseModule.forRoot(ENTITIES), QueueModule, SliceWorkerModule],
  })
  class Worker {}
  worker = await NestFactory.createApplicationContext(Worker, { logger: false });
  // It would put on the queue, some seconds later, what nobody else did.
  await worker.get(Reconciler, { strict: false }).beforeApplicationShutdown();
});

afterEach(async () => {
  await worker.close();
  await origin.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

/** Begins a request of as many images as paths. */
async function begin(paths: string[]): Promise<string> {
  const dataSource = worker.get(DataSource);
  const images = paths.map((path) => ({ sourceUrl: origin.url(path) }));
  const { id } = await insertRequest(dataSource, [product('SKU1', images)], { status: 'pending' });
  const dispatcher = worker.get(Dispatcher, { strict: false });
  const passes = await dataSource.transaction((manager) => dispatcher.begin(manager, id, 1, paths.length));
  await dispatcher.enqueue(passes);
  return id;
}

async function completed(requestId: string): Promise<number> {
  const [row] = await worker
    .get(DataSource)
    .query<[{ count: number }]>('SELECT completed_count AS count FROM processing_request WHERE id = $1', [
      requestId,
    ]);
  return row.count;
}

const pathsOf = (isStalled: (position: number) => boolean): string[] =>
  Array.from({ length: IMAGES }, (_, position) => (isStalled(position) ? '/stall.jpg' : '/photo.jpg'));

describe('slices with an image whose host never answers', () => {
  it('give their slots to the others, though there are more of them than slots and queued ones', async () => {
    const stalled = 24;
    expect(stalled).toBeGreaterThan(sliceSlots(env) + 16);
    const id = await begin(pathsOf((position) => position < stalled * SLICE && position % SLICE === 0));
    await waitFor('all the others', async () => (await completed(id)) === IMAGES - stalled);
    expect(origin.openConnections()).toBeGreaterThanOrEqual(stalled);
  });
});

describe('a small request', () => {
  it('is done while a large one keeps all slots', async () => {
    origin.serve('/large.jpg', { body: await photo().jpeg().toBuffer(), delayMs: 900 });
    const large = await begin(Array<string>(IMAGES).fill('/large.jpg'));
    await waitFor('the large one to be under way', async () => (await completed(large)) > 0);
    const small = await begin(Array<string>(10).fill('/photo.jpg'));
    await waitFor('the small one', async () => (await completed(small)) === 10);
    // Behind what is queued of the large one it would be more than a hundred.
    expect(await completed(large)).toBeLessThan(80);
  });
});
