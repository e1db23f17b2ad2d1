import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { migrateDatabase } from '../src/database/migrate.js';
import { freePort } from '../src/net/free-port.js';

export interface WorkerOnPostgres {
  databaseUrl: string;
  /** Of the worker so far: CPU seconds, and its memory now and at its highest in MB. */
  usage: () => Promise<{ cpuSeconds: number; rssMb: number; peakMb: number }>;
  stop: () => Promise<void>;
}

const CLOCK_TICKS_PER_SECOND = 100;

/** A worker process as operators run it, on a new PostgreSQL with its usual settings. */
export async function startWorker(settings: Record<string, string>): Promise<WorkerOnPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-bench-'));
  const postgres = await startEmbeddedPostgres(dataDir, () => undefined);
  await migrateDatabase(postgres.url);
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/src/start.cjs'], {
    env: {
      ...process.env,
      APP_MODE: 'worker',
      PORT: String(port),
      DATABASE_URL: postgres.url,
      DATA_DIR: dataDir,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: 'inherit',
  });
  while (!(await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error('The worker did not start.');
    await delay(100);
  }
  return {
    databaseUrl: postgres.url,
    usage: () => usageOf(child),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Read from /proc, so on Linux only; proc(5) says what stands where. */
async function usageOf({ pid }: ChildProcess): Promise<Awaited<ReturnType<WorkerOnPostgres['usage']>>> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  );
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
  const megabytes = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status!)![1]) / 1024);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND,
    rssMb: megabytes('VmRSS'),
    peakMb: megabytes('VmHWM'),
  };
}
