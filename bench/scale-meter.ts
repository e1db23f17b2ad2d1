import { readFile } from 'node:fs/promises';
import type { House } from './house.js';

/** What a house took, or what of it one image took: CPU time in seconds or in ms, bytes of write-ahead log. */
export interface Took {
  postgres: number;
  redis: number;
  workers: number;
  apis: number;
  walBytes: number;
}

/** What the work takes until it is done, of all processes and for each of `images`. CPU time in ms. */
export async function perImage(house: House, images: number, work: () => Promise<unknown>): Promise<Took> {
  const before = await tookSoFar(house);
  await work();
  const after = await tookSoFar(house);
  const cpuMs = (of: Exclude<keyof Took, 'walBytes'>): number => ((after[of] - before[of]) / images) * 1000;
  return {
    postgres: cpuMs('postgres'),
    redis: cpuMs('redis'),
    workers: cpuMs('workers'),
    apis: cpuMs('apis'),
    walBytes: (after.walBytes - before.walBytes) / images,
  };
}

async function tookSoFar(house: House): Promise<Took> {
  const secondsOf = async (services: House['workers']): Promise<number> =>
    (await Promise.all(services.map((service) => service.cpuSeconds()))).reduce((sum, each) => sum + each, 0);
  const { rows } = await house.pool.query<{ bytes: number }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes`,
  );
  return {
    postgres: await house.postgresSeconds(),
    redis: await house.redisSeconds(),
    workers: await secondsOf(house.workers),
    apis: await secondsOf(house.apis),
    walBytes: rows[0]!.bytes,
  };
}

/** How much of all cores' time was left over while the work was done, as a share of 1. */
export async function idleShare(work: () => Promise<unknown>): Promise<number> {
  const before = await coreTicks();
  await work();
  const after = await coreTicks();
  return (after.idle - before.idle) / (after.all - before.all);
}

/** From the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal of all cores together. */
async function coreTicks(): Promise<{ idle: number; all: number }> {
  const [line] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const ticks = line!.trim().split(/\s+/).slice(1, 9).map(Number);
  return { idle: ticks[3]! + ticks[4]!, all: ticks.reduce((sum, each) => sum + each, 0) };
}
