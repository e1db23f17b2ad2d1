import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { isRedisInstalled, RedisServer } from '../faults/redis.js';
import { Undo } from '../faults/undo.js';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { migrateDatabase } from '../src/database/migrate.js';
import { findPostmaster } from '../src/database/postmaster-pid.js';
import { onExit } from './on-exit.js';
import { cpuSecondsOfFamily } from './process-usage.js';
import { ServiceProcess } from './service-process.js';

export interface HousePlan {
  queue?: 'postgres' | 'redis';
  workers?: number;
  apis?: number;
  /** Of all processes. */
  settings?: Record<string, string>;
  ofWorkers?: Record<string, string>;
  ofApis?: Record<string, string>;
  /** Of the PostgreSQL server, beyond the usual ones. */
  ofPostgres?: Record<string, string>;
}

/** A PostgreSQL with its usual settings, perhaps a Redis, and processes of the service: all of it new, on this machine. */
export class House {
  readonly workers: ServiceProcess[] = [];
  readonly apis: ServiceProcess[] = [];

  private constructor(
    private readonly plan: HousePlan,
    readonly directory: string,
    readonly databaseUrl: string,
    /** Ours, for looking. */
    readonly pool: Pool,
    private readonly redis: RedisServer | undefined,
    private readonly tearDown: () => Promise<void>,
  ) {}

  /** Resolves when every process is ready. */
  static async start(plan: HousePlan): Promise<House> {
    const undo = new Undo();
    const tearDown = onExit.add(() => undo.all());
    try {
      const directory = await mkdtemp(join(tmpdir(), 'halftone-bench-'));
      undo.add(() => rm(directory, { recursive: true, force: true }));
      const postgres = await startEmbeddedPostgres(directory, () => undefined, {
        settings: plan.ofPostgres,
      });
      undo.add(() => postgres.stop());
      await migrateDatabase(postgres.url);
      const redis = plan.queue === 'redis' ? await startRedis() : undefined;
      if (redis) undo.add(() => redis.remove());
      const pool = new Pool({ connectionString: postgres.url, max: 2, application_name: 'bench' });
      // Connections that are idle when the server stops.
      pool.on('error', () => undefined);
      undo.add(() => pool.end());
      const house = new House(plan, directory, postgres.url, pool, redis, tearDown);
      undo.add(() => Promise.all([...house.apis, ...house.workers].map((service) => service.end())));
      for (let number = 0; number < (plan.apis ?? 1); number += 1) await house.addApi();
      for (let number = 0; number < (plan.workers ?? 1); number += 1) await house.addWorker();
      return house;
    } catch (error) {
      await tearDown();
      throw error;
    }
  }

  get worker(): ServiceProcess {
    return this.workers[0]!;
  }

  get api(): ServiceProcess {
    return this.apis[0]!;
  }

  async addWorker(): Promise<ServiceProcess> {
    const worker = await ServiceProcess.start({
      ...this.settings('worker'),
      ...this.plan.settings,
      ...this.plan.ofWorkers,
    });
    this.workers.push(worker);
    return worker;
  }

  async addApi(): Promise<ServiceProcess> {
    const api = await ServiceProcess.start({
      ...this.settings('api'),
      ...this.plan.settings,
      ...this.plan.ofApis,
    });
    this.apis.push(api);
    return api;
  }

  /** CPU seconds of PostgreSQL so far: the postmaster and all its back ends. */
  async postgresSeconds(): Promise<number> {
    const { running } = await findPostmaster(join(this.directory, 'postgres', 'data'));
    return cpuSecondsOfFamily(running!.pid);
  }

  /** CPU seconds of Redis so far; 0 without one. */
  async redisSeconds(): Promise<number> {
    return this.redis ? cpuSecondsOfFamily(this.redis.pid) : 0;
  }

  stop(): Promise<void> {
    return this.tearDown();
  }

  private settings(mode: string): Record<string, string> {
    return {
      APP_MODE: mode,
      DATABASE_URL: this.databaseUrl,
      DATA_DIR: this.directory,
      ...(this.redis && { REDIS_URL: `redis://127.0.0.1:${this.redis.port}` }),
      ALLOW_PRIVATE_ADDRESSES: 'true', // every image host is on loopback
      RATE_LIMIT: '0',
      LOG_LEVEL: 'error',
    };
  }
}

async function startRedis(): Promise<RedisServer> {
  if (!isRedisInstalled()) throw new Error('This needs a redis-server on this machine.');
  return RedisServer.start();
}
