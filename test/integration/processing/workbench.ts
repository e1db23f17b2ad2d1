import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Logger, type LogLevel } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { createDataSource } from '../../../src/database/data-source.js';
import { sql } from '../../../src/database/sql.js';
import { ENTITIES } from '../../../src/entities.js';
import { CancellationsService } from '../../../src/processing/cancellations.service.js';
import { Completion } from '../../../src/processing/completion.js';
import { Dispatcher } from '../../../src/processing/dispatcher.js';
import { LeftSlices } from '../../../src/processing/left-slices.js';
import { OpenRequests } from '../../../src/processing/open-requests.js';
import { OrphanObjects } from '../../../src/processing/orphan-objects.js';
import type { Outcome } from '../../../src/processing/outcome.js';
import { OutcomeRecorder } from '../../../src/processing/outcome-recorder.js';
import { OutcomesRepository, type Recorded } from '../../../src/processing/outcomes.repository.js';
import { Reconciler } from '../../../src/processing/reconciler.js';
import { ReconcilerRepository } from '../../../src/processing/reconciler.repository.js';
import { RemovalsService } from '../../../src/processing/removals.service.js';
import { RemovedRequests } from '../../../src/processing/removed-requests.js';
import { RetriesRepository } from '../../../src/processing/retries.repository.js';
import { RetriesService } from '../../../src/processing/retries.service.js';
import type { Slice } from '../../../src/processing/slice.entity.js';
import type { SlicePass } from '../../../src/processing/slices.js';
import { SlicesRepository, type ClaimedSlice } from '../../../src/processing/slices.repository.js';
import { WorkersRepository } from '../../../src/processing/workers.repository.js';
import { JobQueues } from '../../../src/queue/job-queues.js';
import { postgresBackend } from '../../../src/queue/queue-backend.js';
import type { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import type { ProductImage } from '../../../src/requests/product-image.entity.js';
import { IdempotencyKeys } from '../../../src/requests/idempotency-keys.js';
import { OpenLimits } from '../../../src/requests/open-limits.js';
import { RequestsRepository } from '../../../src/requests/requests.repository.js';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { objectKey } from '../../../src/storage/object-key.js';
import { DeliveryWakeups } from '../../../src/webhooks/delivery-wakeups.js';
import { DueDeliveries } from '../../../src/webhooks/due-deliveries.js';
import { EndpointCleanup } from '../../../src/webhooks/endpoint-cleanup.js';
import { RequestEventsService } from '../../../src/webhooks/request-events.service.js';
import { createTestDatabase } from '../../support/postgres.js';
import { insertRequest, product } from '../../support/requests.js';

/** What happens to slices and images, without the workers that make it happen: the test does what they would do. */
export class Workbench {
  readonly requests: RequestsRepository;
  readonly outcomes = new OutcomesRepository();
  readonly slices: SlicesRepository;
  readonly workers: WorkersRepository;
  readonly reconcilerRepository: ReconcilerRepository;
  readonly dispatcher: Dispatcher;
  /** What was logged, by level. */
  readonly logged: [level: LogLevel, message: string][] = [];

  private constructor(
    readonly env: Env,
    readonly dataSource: DataSource,
    readonly storage: LocalDisk,
    private readonly queues: JobQueues,
    private readonly clear: () => Promise<void>,
  ) {
    this.requests = new RequestsRepository(env);
    this.slices = new SlicesRepository(dataSource, env);
    this.workers = new WorkersRepository(dataSource);
    this.reconcilerRepository = new ReconcilerRepository(dataSource);
    this.dispatcher = new Dispatcher(dataSource, this.requests, this.slices, this.workers, queues);
    const log = (level: LogLevel) => (message: string) => void this.logged.push([level, message]);
    Logger.overrideLogger({ log: log('log'), warn: log('warn'), error: log('error') });
  }

  static async open(settings: Record<string, string> = {}): Promise<Workbench> {
    const database = await createTestDatabase();
    const directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
    const env = parseEnv({
      DATABASE_URL: database.url,
      DATA_DIR: directory,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      ...settings,
    });
    const options = { poolSize: 12, applicationName: 'test', entities: ENTITIES };
    const dataSource = await createDataSource(database.url, options).initialize();
    const queues = new JobQueues(postgresBackend(database.url, 'test'));
    await queues.onModuleInit();
    const storage = await LocalDisk.open(env.storage.directory);
    return new Workbench(env, dataSource, storage, queues, async () => {
      storage.onModuleDestroy();
      await queues.onApplicationShutdown();
      await dataSource.destroy();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    });
  }

  async close(): Promise<void> {
    Logger.overrideLogger(['log', 'warn', 'error']);
    await this.clear();
  }

  /** The recorder of one more worker process. */
  recorder(): OutcomeRecorder {
    const { dataSource, outcomes, storage } = this;
    return new OutcomeRecorder(
      dataSource,
      outcomes,
      this.completion(),
      new DeliveryWakeups(this.queues),
      storage,
    );
  }

  /** The reconciler of one more worker process; its timer does not run. */
  reconciler(): Reconciler {
    return new Reconciler(
      this.reconcilerRepository,
      new OpenRequests(
        this.dataSource,
        this.reconcilerRepository,
        this.requests,
        this.dispatcher,
        this.completion(),
        this.retries(),
      ),
      new LeftSlices(this.reconcilerRepository, this.orphans()),
      this.removals(),
      this.removedRequests(),
      new DueDeliveries(this.dataSource, new DeliveryWakeups(this.queues)),
      new EndpointCleanup(this.dataSource),
      new IdempotencyKeys(this.dataSource),
      this.env,
    );
  }

  retries(): RetriesService {
    return new RetriesService(
      this.dataSource,
      this.requests,
      new OpenLimits(this.env),
      new RetriesRepository(),
      this.dispatcher,
    );
  }

  cancellations(): CancellationsService {
    return new CancellationsService(
      this.dataSource,
      this.requests,
      new RequestEventsService(this.env),
      new DeliveryWakeups(this.queues),
    );
  }

  removals(): RemovalsService {
    return new RemovalsService(this.dataSource, this.requests, new RequestEventsService(this.env), this.env);
  }

  removedRequests(): RemovedRequests {
    return new RemovedRequests(this.dataSource, this.storage);
  }

  orphans(): OrphanObjects {
    return new OrphanObjects(this.dataSource, this.storage, this.slices);
  }

  private completion(): Completion {
    return new Completion(this.requests, new RequestEventsService(this.env));
  }

  /** An accepted request of pending images, cut into slices of `size`, all of which wait. Gives its id. */
  async insertRequest(
    images: number,
    size: number,
    changes: Partial<ProcessingRequest> = {},
  ): Promise<string> {
    const seeds = Array.from({ length: images }, () => ({}));
    const request = await insertRequest(this.dataSource, [product('SKU1', seeds)], {
      status: 'pending',
      publicUrl: this.env.publicUrl,
      ...changes,
    });
    await this.slices.create(this.dataSource.manager, request.id, request.run, images, size);
    return request.id;
  }

  /** A request of pending images with one slice, which a worker holds. */
  async begunRequest(images: number): Promise<ClaimedSlice> {
    const id = await this.insertRequest(images, images);
    return (await this.claim({ requestId: id, run: 1, slice: 0, pass: 1 }))!;
  }

  claim(job: SlicePass): Promise<ClaimedSlice | undefined> {
    return this.slices.claim(job, randomUUID());
  }

  /** Records outcomes as a worker would that has done these images of the slice. */
  record(slice: ClaimedSlice, outcomes: [position: number, outcome: Outcome][]): Promise<Recorded> {
    const rows = outcomes.map(([position, outcome]) => ({
      slice: slice.slice,
      pass: slice.pass,
      position,
      outcome,
    }));
    return this.dataSource.transaction((manager) =>
      this.outcomes.record(manager, slice.requestId, slice.run, rows),
    );
  }

  /** Stores an object, and gives the outcome that names it. */
  async compressed(requestId: string, position: number): Promise<Outcome & { kind: 'completed' }> {
    const key = objectKey({ requestId, position, sourceUrl: 'https://shop.example/a.jpg', extension: 'jpg' });
    await this.storage.put(key, randomBytes(10));
    return completedOutcome(key);
  }

  /** The files of a request, sorted; as keys. */
  async storedKeys(requestId: string): Promise<string[]> {
    const directory = join(this.env.storage.directory, requestId);
    return (await readdir(directory)).map((file) => `${requestId}/${file}`).toSorted();
  }

  async request(id: string): Promise<ProcessingRequest> {
    return (await this.dataSource.transaction((manager) => this.requests.lock(manager, id)))!;
  }

  images(requestId: string): Promise<ProductImage[]> {
    return this.dataSource.manager.find<ProductImage>('ProductImage', {
      where: { requestId },
      order: { position: 'ASC' },
    });
  }

  sliceRows(requestId: string): Promise<Slice[]> {
    return this.dataSource.manager.find<Slice>('Slice', { where: { requestId }, order: { number: 'ASC' } });
  }

  async change(requestId: string, table: 'slice' | 'product_image' | 'processing_request', set: string) {
    const id = table === 'processing_request' ? 'id' : 'request_id';
    await this.rows(`UPDATE ${table} SET ${set} WHERE ${id} = $1`, [requestId]);
  }

  /** The types of the events of a request. */
  async events(requestId: string): Promise<string[]> {
    const rows = await this.rows<{ type: string }>(`SELECT type FROM webhook_event WHERE request_id = $1`, [
      requestId,
    ]);
    return rows.map(({ type }) => type);
  }

  /** The jobs of the queue that carry the request, or the endpoint. */
  async jobs(
    of: { requestId: string } | { endpointId: string },
  ): Promise<{ id: string; delay: number; queue: string }[]> {
    return this.rows(
      `SELECT id, delay_ms AS delay, queue FROM bullmq.job WHERE data @> $1::jsonb ORDER BY id`,
      [JSON.stringify(of)],
    );
  }

  /** Does the work while another connection holds the lock of the request's row, and lets go once the work waits for it. */
  async whileLocked<T>(
    requestId: string,
    work: () => Promise<T>,
    holding: (manager: EntityManager) => Promise<unknown> = async () => undefined,
  ): Promise<T> {
    let begun: Promise<T> | undefined;
    await this.dataSource.transaction(async (manager) => {
      await this.requests.lock(manager, requestId);
      begun = work();
      await this.untilBlocked(1);
      await holding(manager);
    });
    return begun!;
  }

  /** Resolves when so many sessions of this database wait for a lock that another holds. */
  async untilBlocked(sessions: number): Promise<void> {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await this.rows(waiting)).length < sessions) await setImmediate();
  }

  rows<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return sql<Row>(this.dataSource, statement, parameters);
  }
}

export function completedOutcome(key = 'a-request/an-object.jpg'): Outcome & { kind: 'completed' } {
  return {
    kind: 'completed',
    objectKey: key,
    keptOriginal: false,
    contentType: 'image/jpeg',
    width: 40,
    height: 30,
    originalSize: 1000,
    compressedSize: 400,
    sha256: 'ab'.repeat(32),
  };
}

export const NOT_FOUND: Outcome = {
  kind: 'failed',
  error: { code: 'http_404', message: 'The host answered with status 404.', httpStatus: 404 },
};

export function retryOutcome(delayMs: number): Outcome {
  return { kind: 'retry', delayMs, error: { code: 'timeout', message: 'Too slow.', httpStatus: null } };
}
