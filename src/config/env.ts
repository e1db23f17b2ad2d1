import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { namedApiKeys, type NamedApiKey } from './named-api-keys.js';
import { networkRanges } from './network-ranges.js';
import { boolean, duration, integer, listOf, oneOf, size, text, url, type Setting } from './settings.js';
import { parseStorageUrl, type StorageTarget } from './storage-url.js';
import { processMemory } from './worker-memory.js';

export type AppMode = 'api' | 'worker' | 'all';

const MiB = 1024 ** 2;
const DAY = 24 * 3_600_000;
const WEBHOOK_SCHEDULE = '0,5s,5min,30min,2h,5h,10h,14h,20h,24h';

/** Every setting of the service, typed and checked. Times are milliseconds, sizes bytes. Injected by its class. */
export class Env {
  appMode: AppMode;
  host: string;
  /** 0 lets the system choose (a worker without PORT); the chosen one is logged. */
  port: number;
  /** Prefix of every URL that is handed out, without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  /** Undefined: the embedded PostgreSQL in `dataDir` is started. */
  databaseUrl: string | undefined;
  /** Undefined: the queue lives in PostgreSQL. */
  redisUrl: string | undefined;
  storage: StorageTarget;
  /** To be kept at the start of an API, unless they are already. */
  apiKeys: NamedApiKey[];
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  /** Requests a minute of one key, or of one address; 0: any number. Undefined: 6,000, and any number from this machine without keys. */
  rateLimit: number | undefined;
  /** Of one owner at once. */
  maxOpenRequests: number;
  maxOpenImages: number;
  allowPrivateAddresses: boolean;
  allowedPorts: number[];
  maxCsvBytes: number;
  maxImagesPerRequest: number;
  /** Uploads are refused when a disk has less than that; 0: never. */
  minFreeBytes: number;
  maxImageBytes: number;
  maxImagePixels: number;
  fetchTimeoutMs: number;
  fetchMaxRedirects: number;
  fetchConcurrency: number;
  fetchPerHost: number;
  imageAttempts: number;
  workerConcurrency: number;
  /** Of the process. Undefined: made of `workerConcurrency`, and a picture that needs more gets it. */
  workerMemory: number | undefined;
  leaseMs: number;
  shutdownTimeoutMs: number;
  databasePoolSize: number;
  webhookRetryScheduleMs: number[];
  webhookTimeoutMs: number;
  webhookDisableAfterMs: number;
  retentionDays: number;
  logLevel: string;
}

/** The settings were wrong; the message lists every fault, one a line. */
export class EnvError extends Error {
  constructor(readonly faults: string[]) {
    super(
      `Halftone cannot start, ${faults.length} setting(s) are wrong:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
  }
}

/** Reads `.env` of the working directory into `process.env`; what is already set wins. */
export function readDotEnv(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/** The settings of `source`. An empty value counts as unset. Throws an EnvError with all faults. */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const faults: string[] = [];
  const read = <T>(name: string, setting: Setting<T>, fallback: string): T => {
    try {
      return setting.parse(source[name] || fallback);
    } catch (error) {
      // A wrong value must not stop the reading of the others: the default stands in until all faults are told.
      faults.push(`${name}: ${(error as Error).message}`);
      return setting.parse(fallback);
    }
  };
  const optional = <T>(name: string, setting: Setting<T>): T | undefined =>
    source[name]
      ? read<T | undefined>(name, { parse: (t) => (t ? setting.parse(t) : undefined) }, '')
      : undefined;

  const appMode = read('APP_MODE', oneOf('all', 'api', 'worker'), 'all');
  const host = read('HOST', text(), '127.0.0.1');
  const port = read('PORT', integer(0, 65_535), appMode === 'worker' ? '0' : '3000');
  const dataDir = resolve(read('DATA_DIR', text(), './data'));
  const workerConcurrency = read('WORKER_CONCURRENCY', integer(1, 256), String(2 * availableParallelism()));
  const env: Env = Object.assign(new Env(), {
    appMode,
    host,
    port,
    publicUrl: read(
      'PUBLIC_URL',
      url('http', 'https'),
      `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ),
    dataDir,
    databaseUrl: optional('DATABASE_URL', url('postgres', 'postgresql')),
    redisUrl: optional('REDIS_URL', url('redis', 'rediss')),
    storage: read('STORAGE_URL', { parse: parseStorageUrl }, `file:${join(dataDir, 'files')}`),
    apiKeys: optional('API_KEYS', namedApiKeys()) ?? [],
    trustedProxies: optional('TRUSTED_PROXIES', networkRanges()) ?? [],
    rateLimit: optional('RATE_LIMIT', integer(0, 1_000_000)),
    maxOpenRequests: read('MAX_OPEN_REQUESTS', integer(1, 1_000_000), '1000'),
    maxOpenImages: read('MAX_OPEN_IMAGES', integer(1, 1_000_000_000), '10000000'),
    allowPrivateAddresses: read('ALLOW_PRIVATE_ADDRESSES', boolean(), 'false'),
    allowedPorts: read('ALLOWED_PORTS', listOf(integer(1, 65_535)), '80,443'),
    maxCsvBytes: read('MAX_CSV_BYTES', size(1, 16 * 1024 * MiB), '200MiB'),
    maxImagesPerRequest: read('MAX_IMAGES_PER_REQUEST', integer(1, 10_000_000), '1000000'),
    minFreeBytes: read('MIN_FREE_BYTES', size(0, 1024 * 1024 * MiB), '256MiB'),
    maxImageBytes: read('MAX_IMAGE_BYTES', size(1, 1024 * MiB), '32MiB'),
    maxImagePixels: read('MAX_IMAGE_PIXELS', integer(1, 1_000_000_000), '50000000'),
    fetchTimeoutMs: read('FETCH_TIMEOUT', duration(100, 600_000), '30s'),
    fetchMaxRedirects: read('FETCH_MAX_REDIRECTS', integer(0, 20), '5'),
    fetchConcurrency: read('FETCH_CONCURRENCY', integer(1, 1024), '64'),
    fetchPerHost: read('FETCH_PER_HOST', integer(1, 1024), '32'),
    imageAttempts: read('IMAGE_ATTEMPTS', integer(1, 20), '4'),
    workerConcurrency,
    workerMemory: optional('WORKER_MEMORY', size(384 * MiB, 1024 * 1024 * MiB)),
    leaseMs: read('LEASE', duration(1000, 600_000), '30s'),
    shutdownTimeoutMs: read('SHUTDOWN_TIMEOUT', duration(0, 600_000), '20s'),
    databasePoolSize: read(
      'DATABASE_POOL_SIZE',
      integer(2, 200),
      { api: '10', worker: '6', all: '12' }[appMode],
    ),
    webhookRetryScheduleMs: read('WEBHOOK_RETRY_SCHEDULE', listOf(duration(0, 7 * DAY)), WEBHOOK_SCHEDULE),
    webhookTimeoutMs: read('WEBHOOK_TIMEOUT', duration(100, 120_000), '15s'),
    webhookDisableAfterMs: read('WEBHOOK_DISABLE_AFTER', duration(1000, 90 * DAY), '120h'),
    retentionDays: read('RETENTION_DAYS', integer(0, 36_500), '30'),
    logLevel: read('LOG_LEVEL', oneOf('info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'), 'info'),
  });
  if (env.appMode === 'worker' && !env.databaseUrl) {
    faults.push('DATABASE_URL: a worker needs the database of its API; set it to the same URL');
  }
  const leastMemory = processMemory(workerConcurrency) + 8 * env.maxImageBytes;
  if (env.workerMemory !== undefined && env.workerMemory < leastMemory) {
    const least = `${Math.ceil(leastMemory / MiB)}MiB`;
    faults.push(
      `WORKER_MEMORY: expected at least ${least}; raise it, or lower WORKER_CONCURRENCY or MAX_IMAGE_BYTES`,
    );
  }
  if (faults.length > 0) throw new EnvError(faults);
  return env;
}
