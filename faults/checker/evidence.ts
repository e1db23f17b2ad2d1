import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import type { House } from '../house.js';
import { numberOf } from '../pictures.js';
import type { ReceivedPost } from '../receiver.js';
import type { Holdings } from '../service.js';
import { MOST_CONNECTIONS } from '../settings.js';
import type { Upload } from '../upload.js';
import type { AuditedStep } from './audit.js';
import { readDatabase, type DatabaseRows } from './database-rows.js';

export interface StoredObject {
  key: string;
  bytes: number;
  sha256: string;
  /** Of the picture that it shows; undefined when it is no whole image. */
  picture: number | undefined;
}

/** All that can be known about a house from outside once it is quiet. */
export interface Evidence extends DatabaseRows {
  uploads: Upload[];
  steps: AuditedStep[];
  objects: StoredObject[];
  posts: ReceivedPost[];
  /** The output CSVs by request, header and rows; undefined when there was none to be had. */
  outputs: Map<string, string[][]>;
  hits: Map<string, number>;
  canaryVisits: number;
  /** Lines in which a process tells that counters were wrong; the rows do not show it, because they are counted again. */
  drifts: string[];
  holdings: { process: string; before: Holdings; after: Holdings }[];
  /** Of the service, to the database. */
  connections: number;
  /** What the pools of all its processes may hold together. */
  mostConnections: number;
}

export async function collectEvidence(house: House): Promise<Evidence> {
  const { origin, receiver, storage, apis, workers } = house.parts;
  const rows = await readDatabase(house);
  const [{ connections }] = (await house.look<{ connections: number }>(
    `SELECT count(*)::int AS connections FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'halftone%'`,
  )) as [{ connections: number }];
  const ended = rows.requests.filter(({ status }) => status === 'completed' || status === 'failed');
  return {
    ...rows,
    uploads: house.uploads,
    steps: await house.look<AuditedStep>(
      `SELECT request_id AS "requestId", position, run, before, after, same_object AS "sameObject"
       FROM faults_audit ORDER BY id`,
    ),
    objects: await readObjects(storage),
    posts: receiver.posts,
    outputs: new Map(
      await Promise.all(ended.map(async ({ id }) => [id, parse(await house.api.download(id))] as const)),
    ),
    hits: origin.hits,
    canaryVisits: origin.canaryVisits,
    drifts: house.services.flatMap(({ log }) => log.filter((line) => line.includes('drifted'))),
    holdings: await readHoldings(house),
    connections,
    mostConnections: apis.length * MOST_CONNECTIONS.api + workers.length * MOST_CONNECTIONS.worker,
  };
}

/** Keys of all objects. What is being written lies in `.tmp`, where nobody can ask for it. */
export async function listObjects(storage: string): Promise<string[]> {
  const entries = await readdir(storage, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && entry.name !== '.tmp');
  const keys = await Promise.all(
    folders.map(async ({ name }) => (await readdir(join(storage, name))).map((file) => `${name}/${file}`)),
  );
  return keys.flat();
}

async function readObjects(storage: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for (const key of await listObjects(storage)) {
    const content = await readFile(join(storage, key));
    objects.push({
      key,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      picture: await numberOf(content).catch(() => undefined),
    });
  }
  return objects;
}

async function readHoldings({ services, baseLine }: House): Promise<Evidence['holdings']> {
  const found = await Promise.all(
    services.map(async (service) => {
      const [before, after] = [baseLine.get(service), await service.holdings()];
      return before && after ? [{ process: service.name, before, after }] : [];
    }),
  );
  return found.flat();
}

function parse(csv: string): string[][] {
  return Papa.parse<string[]>(csv.trimEnd()).data;
}
