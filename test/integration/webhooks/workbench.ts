import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { createDataSource } from '../../../src/database/data-source.js';
import { sql } from '../../../src/database/sql.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { JobQueues } from '../../../src/queue/job-queues.js';
import { postgresBackend } from '../../../src/queue/queue-backend.js';
import { WorkerHost } from '../../../src/queue/worker-host.js';
import { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import { RequestsRepository } from '../../../src/requests/requests.repository.js';
import { AttemptRecorder } from '../../../src/webhooks/attempt-recorder.js';
import { DeliveriesService } from '../../../src/webhooks/deliveries.service.js';
import { DeliveryProcessor } from '../../../src/webhooks/delivery.processor.js';
import { DeliveryWakeups } from '../../../src/webhooks/delivery-wakeups.js';
import type { LoggedDelivery } from '../../../src/webhooks/delivery-log.js';
import { DueDeliveries } from '../../../src/webhooks/due-deliveries.js';
import { EndpointCleanup } from '../../../src/webhooks/endpoint-cleanup.js';
import { EndpointLeases } from '../../../src/webhooks/endpoint-lease.js';
import { EndpointsService } from '../../../src/webhooks/endpoints.service.js';
import { RequestEventsService } from '../../../src/webhooks/request-events.service.js';
import { WebhookAttempt } from '../../../src/webhooks/webhook-attempt.entity.js';
import { WebhookDelivery } from '../../../src/webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { WebhookEvent } from '../../../src/webhooks/webhook-event.entity.js';
import { WebhookRegistrationsService } from '../../../src/webhooks/webhook-registrations.service.js';
import { WebhookSender } from '../../../src/webhooks/webhook-sender.js';

export const ENTITIES = [ProcessingRequest, WebhookEndpoint, WebhookEvent, WebhookDelivery, WebhookAttempt];

const NEVER = new AbortController().signal;

/** All of webhooks as one process has it, except that no queue job starts a drain: the test does. */
export class Workbench {
  readonly events: RequestEventsService;
  readonly registrations: WebhookRegistrationsService;
  readonly wakeups: DeliveryWakeups;
  readonly endpoints: EndpointsService;
  readonly deliveries: DeliveriesService;
  readonly due: DueDeliveries;
  readonly cleanup: EndpointCleanup;
  readonly processor: DeliveryProcessor;

  private constructor(
    readonly env: Env,
    readonly dataSource: DataSource,
    private readonly queues: JobQueues,
    private readonly guardedFetch: GuardedFetch,
    host: WorkerHost,
  ) {
    this.wakeups = new DeliveryWakeups(queues);
    this.events = new RequestEventsService(env);
    this.registrations = new WebhookRegistrationsService(
      env,
      dataSource,
      new RequestsRepository(env),
      this.events,
      this.wakeups,
    );
    this.cleanup = new EndpointCleanup(dataSource);
    this.endpoints = new EndpointsService(env, dataSource, this.cleanup);
    this.deliveries = new DeliveriesService(dataSource, this.wakeups);
    this.due = new DueDeliveries(dataSource, this.wakeups);
    this.processor = new DeliveryProcessor(
      host,
      new EndpointLeases(dataSource, env),
      this.due,
      this.wakeups,
      new WebhookSender(guardedFetch, env),
      new AttemptRecorder(dataSource, env, this.cleanup),
    );
  }

  static async open(url: string, settings: Record<string, string> = {}): Promise<Workbench> {
    const env = parseEnv({ DATABASE_URL: url, ALLOW_PRIVATE_ADDRESSES: 'true', ...settings });
    const dataSource = createDataSource(url, { poolSize: 6, applicationName: 'test', entities: ENTITIES });
    await dataSource.initialize();
    Logger.overrideLogger(false);
    const backend = postgresBackend(url, 'test');
    const queues = new JobQueues(backend);
    await queues.onModuleInit();
    return new Workbench(
      env,
      dataSource,
      queues,
      new GuardedFetch(env, undefined, null),
      new WorkerHost(backend, env, queues),
    );
  }

  async close(): Promise<void> {
    await this.guardedFetch.onApplicationShutdown();
    await this.queues.onApplicationShutdown();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  async drain(endpointId: string, stopping = NEVER, aborting = NEVER): Promise<void> {
    await this.processor.drain(endpointId, stopping, aborting);
  }

  async register(url: string, more: { requestId?: string; events?: string[]; ownerId?: string } = {}) {
    const registration = { ownerId: 'default', requestId: null, url, ...more };
    return (await this.registrations.registerNow(registration)).endpoint;
  }

  /** A request that is being processed. */
  async startRequest(ownerId = 'default'): Promise<ProcessingRequest> {
    const repository = this.dataSource.getRepository(ProcessingRequest);
    const { id } = await repository.save({
      id: randomUUID(),
      ownerId,
      status: 'processing',
      label: 'x'.repeat(200),
      options: { quality: 50, format: 'same', effort: 'balanced', maxWidth: null, maxHeight: null },
      csvColumns: {
        names: ['Product Name', 'Input Image Urls'],
        serialNumber: null,
        productName: 0,
        urls: [1],
      },
      publicUrl: 'https://img.example',
      productCount: 1,
      imageCount: 2,
      runImageCount: 2,
      completedCount: 1,
      failedCount: 1,
    });
    return await repository.findOneByOrFail({ id });
  }

  /** What the transaction that closes a request does: its row's lock, the terminal status, the event. */
  async endRequest(manager: EntityManager, id: string, status = 'completed'): Promise<string[]> {
    await sql(manager, `SELECT 1 FROM processing_request WHERE id = $1 FOR UPDATE`, [id]);
    await sql(manager, `UPDATE processing_request SET status = $2, finished_at = now() WHERE id = $1`, [
      id,
      status,
    ]);
    const request = await manager.findOneByOrFail(ProcessingRequest, { id });
    return await this.events.recordRequestEvent(manager, request);
  }

  /** A request that ends now. */
  async finishRequest(ownerId = 'default', status = 'completed'): Promise<ProcessingRequest> {
    const { id } = await this.startRequest(ownerId);
    await this.dataSource.transaction((manager) => this.endRequest(manager, id, status));
    return await this.dataSource.getRepository(ProcessingRequest).findOneByOrFail({ id });
  }

  /** Resolves when that many sessions of this database wait for a lock that another holds. */
  async untilBlocked(sessions = 1): Promise<void> {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await this.rows(waiting)).length < sessions) await setImmediate();
  }

  /** An endpoint of its own owner, and so many events that it is to be told of. */
  async registerWithEvents(url: string, count: number): Promise<WebhookEndpoint> {
    const endpoint = await this.register(url, { ownerId: `owner-${randomUUID()}` });
    for (let event = 0; event < count; event += 1) await this.finishRequest(endpoint.ownerId);
    return endpoint;
  }

  /** The endpoint's deliveries as its owner sees them, but the oldest first. */
  async log({ ownerId, id }: Pick<WebhookEndpoint, 'ownerId' | 'id'>): Promise<LoggedDelivery[]> {
    return (await this.deliveries.list(ownerId, id, { limit: 100 })).deliveries.toReversed();
  }

  /** The delays of the wake-ups of the endpoint that wait in the queue, in ms. */
  async wakeupDelays(endpointId: string): Promise<number[]> {
    const jobs = await this.rows<{ delay: string }>(
      `SELECT opts->>'delay' AS delay FROM bullmq.job WHERE data->>'endpointId' = $1`,
      [endpointId],
    );
    return jobs.map(({ delay }) => Number(delay ?? 0));
  }

  async rows<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return await sql<Row>(this.dataSource, statement, parameters);
  }
}
