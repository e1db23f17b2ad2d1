import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { Api } from './api.js';
import type { BehaviourName } from './behaviours.js';
import type { Origin } from './origin.js';
import type { Random } from './random.js';
import type { Receiver } from './receiver.js';
import type { Holdings, Service } from './service.js';
import type { Stores } from './stores.js';
import type { TcpProxy } from './tcp-proxy.js';
import { makeUpload, type Upload } from './upload.js';
import { waitFor } from './wait-for.js';

const READY_LIMIT_MS = 60_000;
const PROGRESS_LIMIT_MS = 60_000;

export type Mode = 'api' | 'worker';

export interface HouseParts {
  stores: Stores;
  random: Random;
  /** The name of its database. */
  database: string;
  /** DATA_DIR of all processes. */
  directory: string;
  /** Where the objects are. */
  storage: string;
  /** Between the API and PostgreSQL, the workers and PostgreSQL, and all of them and Redis. */
  proxies: { api: TcpProxy; workers: TcpProxy; redis: TcpProxy | undefined };
  origin: Origin;
  receiver: Receiver;
  apis: Service[];
  workers: Service[];
  /** One more process, which is not started yet and belongs to no list. */
  makeService: (mode: Mode) => Promise<Service>;
  tearDown: () => Promise<void>;
}

/** All that one experiment runs in: the service's processes, what stands around them, and a record of what was done. */
export class House {
  readonly uploads: Upload[] = [];
  /** What was injected, by kind, and how often. */
  readonly faults = new Map<string, number>();
  /** What an experiment itself found to be wrong, beside the invariants. */
  readonly complaints: string[] = [];
  /** What each process held when it was ready and had nothing to do. */
  readonly baseLine = new Map<Service, Holdings>();
  /** When the last fault was over, in ms; what came after it is recovery. */
  healedAt = 0;
  readonly api: Api;
  private pool: Pool | undefined;

  constructor(readonly parts: HouseParts) {
    this.api = new Api(() => parts.apis.map(({ url }) => url));
  }

  get services(): Service[] {
    return [...this.parts.apis, ...this.parts.workers];
  }

  /** Starts all processes, and waits until they are ready. */
  async start(): Promise<void> {
    for (const service of this.services) service.start();
    await this.ready();
    for (const service of this.services) await this.noteHoldings(service);
  }

  /** Starts one more process, and waits until it is ready. */
  async add(mode: Mode): Promise<void> {
    const service = await this.parts.makeService(mode);
    this.list(mode).push(service);
    service.start();
    await this.ready();
    await this.noteHoldings(service);
    this.fault(`one more ${nameOf(mode)}`);
  }

  /** Kills one of the processes, and it does not come back. */
  async lose(mode: Mode): Promise<void> {
    const services = this.list(mode);
    const lost = this.parts.random.pick(services);
    services.splice(services.indexOf(lost), 1);
    await lost.end();
    this.fault(`${nameOf(mode)} lost for good`);
  }

  async ready(): Promise<void> {
    await Promise.all(
      this.services.map((service) =>
        waitFor(`${service.name} to be ready`, () => service.isReady(), READY_LIMIT_MS),
      ),
    );
  }

  /** Uploads a catalogue that asks for a webhook, and waits until it is accepted. */
  async upload(name: string, behaviours: BehaviourName[] | number): Promise<Upload> {
    const upload = this.plan(name, behaviours);
    await this.send(upload);
    return upload;
  }

  /** A catalogue that will be checked in the end; it must be sent, too. A number: so many good images. */
  plan(name: string, behaviours: BehaviourName[] | number): Upload {
    const list =
      typeof behaviours === 'number' ? Array.from({ length: behaviours }, () => 'good' as const) : behaviours;
    const upload = makeUpload(name, list, this.parts.origin);
    this.uploads.push(upload);
    return upload;
  }

  async send(upload: Upload, withWebhook = true): Promise<void> {
    const webhookUrl = withWebhook ? this.parts.receiver.url(upload.name) : undefined;
    const answer = await this.api.upload(upload.csv, upload.idempotencyKey, webhookUrl);
    upload.requestId = answer.request_id;
    if (answer.webhook_secret) upload.secrets.push(answer.webhook_secret);
  }

  /** Waits until so many images of all uploads, as a share of 1, are no longer pending. */
  async progress(share: number): Promise<void> {
    const goal = share * this.uploads.reduce((sum, { images }) => sum + images.length, 0);
    const reached = async (): Promise<boolean> => {
      const [row] = await this.look<{ ended: number }>(
        `SELECT coalesce(sum(completed_count + failed_count), 0)::int AS ended FROM processing_request`,
      );
      return row!.ended >= goal;
    };
    await waitFor(`${Math.round(share * 100)} % of the images`, reached, PROGRESS_LIMIT_MS);
  }

  /** Notes what was just done. */
  fault(kind: string, count = 1): void {
    this.healed();
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
  }

  /** What was done before has just been undone. */
  healed(): void {
    this.healedAt = Date.now();
  }

  kill(service: Service): void {
    service.signal('SIGKILL');
    this.fault(`kill -9 of ${this.parts.apis.includes(service) ? 'the API' : 'a worker'}`);
  }

  /** Kills PostgreSQL and starts it again so many ms later. */
  async withoutPostgres(ms: number): Promise<void> {
    const { postgres } = this.parts.stores;
    await postgres.kill();
    this.fault(`PostgreSQL gone for ${ms / 1000} s`);
    await delay(ms);
    await this.startPostgres();
  }

  async startPostgres(): Promise<void> {
    const { stores, proxies } = this.parts;
    await stores.postgres.start();
    for (const proxy of [proxies.api, proxies.workers]) proxy.retarget(stores.postgres.port);
    this.healed();
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.complaints.push(otherwise);
  }

  /** The rows of a query of ours, past the proxies. */
  async look<Row>(query: string, values: unknown[] = []): Promise<Row[]> {
    const { stores, database } = this.parts;
    const url = stores.postgres.urlOf(database);
    if (this.pool?.options.connectionString !== url) {
      await this.closePool();
      this.pool = new Pool({ connectionString: url, max: 2, application_name: 'faults' });
      // Connections that are idle when the server is killed.
      this.pool.on('error', () => undefined);
    }
    const { rows } = await this.pool.query(query, values);
    return rows as Row[];
  }

  async tearDown(): Promise<void> {
    await this.closePool();
    await this.parts.tearDown();
  }

  private list(mode: Mode): Service[] {
    return mode === 'api' ? this.parts.apis : this.parts.workers;
  }

  private async noteHoldings(service: Service): Promise<void> {
    const holdings = await service.holdings();
    if (holdings) this.baseLine.set(service, holdings);
  }

  private async closePool(): Promise<void> {
    const pool = this.pool;
    this.pool = undefined;
    await pool?.end();
  }
}

const nameOf = (mode: Mode): string => (mode === 'api' ? 'API' : 'worker');
