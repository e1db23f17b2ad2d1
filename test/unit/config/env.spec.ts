import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { EnvError, parseEnv } from '../../../src/config/env.js';
import { VERSION } from '../../../src/config/version.js';

const ROOT = join(__dirname, '../../..');

function faultsOf(source: Record<string, string>): string[] {
  try {
    parseEnv(source);
  } catch (error) {
    return (error as EnvError).faults;
  }
  return [];
}

describe('parseEnv', () => {
  it('has a default for everything', () => {
    expect(parseEnv({})).toEqual({
      appMode: 'all',
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      dataDir: resolve('./data'),
      databaseUrl: undefined,
      redisUrl: undefined,
      storage: { driver: 'file', directory: resolve('./data/files') },
      apiKeys: [],
      trustedProxies: [],
      rateLimit: undefined,
      maxOpenRequests: 1000,
      maxOpenImages: 10_000_000,
      allowPrivateAddresses: false,
      allowedPorts: [80, 443],
      maxCsvBytes: 200 * 1024 ** 2,
      maxImagesPerRequest: 1_000_000,
      minFreeBytes: 256 * 1024 ** 2,
      maxImageBytes: 32 * 1024 ** 2,
      maxImagePixels: 50_000_000,
      fetchTimeoutMs: 30_000,
      fetchMaxRedirects: 5,
      fetchConcurrency: 64,
      fetchPerHost: 32,
      imageAttempts: 4,
      workerConcurrency: 2 * availableParallelism(),
      workerMemory: undefined,
      leaseMs: 30_000,
      shutdownTimeoutMs: 20_000,
      databasePoolSize: 12,
      webhookRetryScheduleMs: [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map(
        (s) => s * 1000,
      ),
      webhookTimeoutMs: 15_000,
      webhookDisableAfterMs: 5 * 24 * 3_600_000,
      retentionDays: 30,
      logLevel: 'info',
    });
  });

  it('tells all faults at once, each with its name and what is expected', () => {
    const faults = faultsOf({
      APP_MODE: 'both',
      PORT: '70000',
      LEASE: '30',
      MAX_IMAGE_BYTES: '3 apples',
      LOG_LEVEL: 'loud',
    });
    expect(faults).toEqual([
      'APP_MODE: expected all, api, worker, got "both"',
      'PORT: expected a whole number from 0 to 65535, got "70000"',
      'MAX_IMAGE_BYTES: expected a size such as 512KiB or 32MiB, from 1 to 1073741824 bytes, got "3 apples"',
      'LEASE: expected a duration such as 500ms, 30s, 5min or 2h, from 1000 to 600000 ms, got "30"',
      'LOG_LEVEL: expected info, trace, debug, warn, error, fatal, silent, got "loud"',
    ]);
  });

  it('takes an empty value for an unset one', () => {
    expect(parseEnv({ DATABASE_URL: '', PORT: '' })).toMatchObject({ databaseUrl: undefined, port: 3000 });
  });

  it('wants a database for a worker, and gives it a free port', () => {
    expect(faultsOf({ APP_MODE: 'worker' })).toEqual([
      expect.stringContaining('DATABASE_URL: a worker needs'),
    ]);
    expect(parseEnv({ APP_MODE: 'worker', DATABASE_URL: 'postgres://u@h/d' })).toMatchObject({
      port: 0,
      databasePoolSize: 6,
    });
  });

  it('reads who may call, and how much', () => {
    const env = parseEnv({
      API_KEYS: 'shop:correct-horse-battery',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      RATE_LIMIT: '0',
      MAX_OPEN_REQUESTS: '1',
      MAX_OPEN_IMAGES: '5',
    });
    expect(env).toMatchObject({
      apiKeys: [{ name: 'shop', key: 'correct-horse-battery' }],
      trustedProxies: ['10.0.0.0/8', '::1'],
      rateLimit: 0,
      maxOpenRequests: 1,
      maxOpenImages: 5,
    });
    expect(faultsOf({ MAX_OPEN_REQUESTS: '0', MAX_OPEN_IMAGES: '0', RATE_LIMIT: '-1' })).toHaveLength(3);
  });

  it('tells faults of keys and proxies with the others', () => {
    expect(faultsOf({ API_KEYS: 'shop:secret', TRUSTED_PROXIES: 'everyone', PORT: 'x' })).toEqual([
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^API_KEYS: key number 1 must have 16/),
      expect.stringMatching(/^TRUSTED_PROXIES: expected addresses or ranges .*got "everyone"$/),
    ]);
  });

  it('wants memory for the largest sources', () => {
    const one = { WORKER_CONCURRENCY: '1' };
    expect(parseEnv({ ...one, WORKER_MEMORY: '512MiB' }).workerMemory).toBe(512 * 1024 ** 2);
    expect(faultsOf({ ...one, WORKER_MEMORY: '511MiB' })).toEqual([
      'WORKER_MEMORY: expected at least 512MiB; raise it, or lower WORKER_CONCURRENCY or MAX_IMAGE_BYTES',
    ]);
    expect(faultsOf({ WORKER_CONCURRENCY: '2', WORKER_MEMORY: '607MiB' })).toHaveLength(1);
    expect(faultsOf({ WORKER_CONCURRENCY: '2', WORKER_MEMORY: '608MiB' })).toEqual([]);
    expect(faultsOf({ ...one, WORKER_MEMORY: '384MiB', MAX_IMAGE_BYTES: '16MiB' })).toEqual([]);
  });

  it('reads durations, sizes, lists and storage', () => {
    const env = parseEnv({
      FETCH_TIMEOUT: '500ms',
      SHUTDOWN_TIMEOUT: '0',
      MAX_CSV_BYTES: '1GiB',
      ALLOWED_PORTS: '80, 8080',
      STORAGE_URL: 'file:/srv/images',
      WEBHOOK_RETRY_SCHEDULE: '0,1s,2min',
      PUBLIC_URL: 'https://images.example.com/',
      HOST: '::1',
    });
    expect(env).toMatchObject({
      fetchTimeoutMs: 500,
      shutdownTimeoutMs: 0,
      maxCsvBytes: 1024 ** 3,
      allowedPorts: [80, 8080],
      storage: { driver: 'file', directory: '/srv/images' },
      webhookRetryScheduleMs: [0, 1000, 120_000],
      publicUrl: 'https://images.example.com',
    });
    expect(parseEnv({ HOST: '::1' }).publicUrl).toBe('http://[::1]:3000');
  });

  it('refuses a relative storage directory and unknown storage', () => {
    expect(faultsOf({ STORAGE_URL: 'file:images' })).toHaveLength(1);
    expect(faultsOf({ STORAGE_URL: 'ftp://host/x' })).toHaveLength(1);
  });
});

describe('what is written about the settings', () => {
  const names = [
    ...readFileSync(join(ROOT, 'src/config/env.ts'), 'utf8').matchAll(/'([A-Z][A-Z_]+[A-Z])',/g),
  ].map(([, name]) => name!);

  it('finds the settings', () => {
    expect(names.length).toBeGreaterThan(25);
  });

  it.each(['README.md', '.env.example'])('%s names every setting', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });

  it('has the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });
});
