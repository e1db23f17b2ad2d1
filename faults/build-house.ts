import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/net/free-port.js';
import { House, type HouseParts, type Mode } from './house.js';
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
  /** How many processes there are at first; 1 and 2 unless told. */
  apis?: number;
  workers?: number;
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
    const makeService = await serviceMaker({ ...parts, ...servers }, plan, undo);
    const make = (mode: Mode, count: number): Promise<Service[]> =>
      Promise.all(Array.from({ length: count }, () => makeService(mode)));
    const services = {
      apis: await make('api', plan.apis ?? 1),
      workers: await make('worker', plan.workers ?? 2),
    };
    return new House({ ...parts, ...servers, ...services, makeService, tearDown });
  } catch (error) {
    await tearDown();
    throw error;
  }
}

/** Gives what makes one more process of the house, which is not started yet. */
async function serviceMaker(
  parts: Pick<HouseParts, 'stores' | 'directory' | 'storage' | 'database' | 'proxies' | 'origin'>,
  plan: HousePlan,
  undo: Undo,
): Promise<HouseParts['makeService']> {
  const { stores, directory, storage, database, proxies } = parts;
  const publicPort = await freePort();
  const common = {
    ...SETTINGS,
    DATA_DIR: directory,
    STORAGE_URL: `file:${storage}`,
    // Of the first API; all of them tell the same, as behind one name.
    PUBLIC_URL: `http://127.0.0.1:${publicPort}`,
    ...(proxies.redis && { REDIS_URL: `redis://127.0.0.1:${proxies.redis.port}` }),
    ...plan.settings,
    ...plan.withOrigin?.(parts.origin),
  };
  const through = (proxy: TcpProxy): string => stores.postgres.urlOf(database, proxy.port);
  const made = { api: 0, worker: 0 };
  return async (mode) => {
    const index = made[mode];
    made[mode] += 1;
    const port = mode === 'api' && index === 0 ? publicPort : await freePort();
    const service = new Service(`${mode}-${index + 1}`, port, {
      ...common,
      APP_MODE: mode,
      DATABASE_URL: through(mode === 'api' ? proxies.api : proxies.workers),
      ...(mode === 'worker' && plan.ofWorkers?.[index]),
    });
    undo.add(() => service.end());
    return service;
  };
}
