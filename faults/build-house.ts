import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/net/free-port.js';
import { House, type HouseParts } from './house.js';
import { Origin } from './origin.js';
import type { Random } from './random.js';
import { Receiver } from './receiver.js';
import { Service } from './service.js';
import { SETTINGS } from './settings.js';
import type { Stores } from './stores.js';
import { TcpProxy } from './tcp-proxy.js';
import { Undo } from './undo.js';

/** How a house differs from others. */
export interface HousePlan {
  settings?: Record<string, string>;
  /** Settings that tell of a port of the origin. */
  withOrigin?: (origin: Origin) => Record<string, string>;
  /** Of the first and the second worker alone. */
  ofWorkers?: [Record<string, string>, Record<string, string>];
  /** Makes the directory that will hold the objects something special, and gives what undoes it. */
  mount?: (directory: string) => Promise<() => Promise<void>>;
}

/** Everything stands, with a database of its own; no process of the service is started yet. */
export async function buildHouse(stores: Stores, random: Random, plan: HousePlan): Promise<House> {
  const undo = new Undo();
  const tearDown = stores.undo.add(() => undo.all());
  const begun = async <T extends { close: () => Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    undo.add(() => server.close());
    return server;
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'halftone-faults-'));
    undo.add(() => rm(directory, { recursive: true, force: true }));
    const storage = join(directory, 'storage');
    if (plan.mount) undo.add(await plan.mount(storage));
    const database = await stores.postgres.createDatabase();
    undo.add(() => stores.postgres.dropDatabase(database));
    await stores.redis?.flush();
    const proxies = {
      api: await begun(TcpProxy.start(stores.postgres.port)),
      workers: await begun(TcpProxy.start(stores.postgres.port)),
      redis: stores.redis && (await begun(TcpProxy.start(stores.redis.port))),
    };
    const servers = { origin: await begun(Origin.start()), receiver: await begun(Receiver.start()) };
    const parts = { stores, random, directory, storage: join(storage, 'files'), database, proxies };
    const services = await makeServices({ ...parts, ...servers }, plan);
    for (const service of Object.values(services).flat()) undo.add(() => service.end());
    return new House({ ...parts, ...servers, ...services, tearDown });
  } catch (error) {
    await tearDown();
    throw error;
  }
}

async function makeServices(
  parts: Pick<HouseParts, 'stores' | 'directory' | 'storage' | 'database' | 'proxies' | 'origin'>,
  plan: HousePlan,
): Promise<Pick<HouseParts, 'apiService' | 'workers'>> {
  const { stores, directory, storage, database, proxies } = parts;
  const [apiPort, ...workerPorts] = [await freePort(), await freePort(), await freePort()] as const;
  const common = {
    ...SETTINGS,
    DATA_DIR: directory,
    STORAGE_URL: `file:${storage}`,
    PUBLIC_URL: `http://127.0.0.1:${apiPort}`,
    ...(proxies.redis && { REDIS_URL: `redis://127.0.0.1:${proxies.redis.port}` }),
    ...plan.settings,
    ...plan.withOrigin?.(parts.origin),
  };
  const through = (proxy: TcpProxy): string => stores.postgres.urlOf(database, proxy.port);
  const ofApi = { ...common, APP_MODE: 'api', DATABASE_URL: through(proxies.api) };
  const ofWorker = { ...common, APP_MODE: 'worker', DATABASE_URL: through(proxies.workers) };
  return {
    apiService: new Service('api', apiPort, ofApi),
    workers: workerPorts.map(
      (port, index) => new Service(`worker-${index + 1}`, port, { ...ofWorker, ...plan.ofWorkers?.[index] }),
    ),
  };
}
