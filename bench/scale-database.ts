import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { progress } from './progress.js';
import { workThrough, type Worked } from './scale-load.js';
import { COUNTING, statementsOf } from './scale-statements.js';
import type { Queue } from './scale-workers.js';

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'scale-bookkeeping.js')).href;
const ofWorkers = { NODE_OPTIONS: `--import=${PRELOAD}` };

/** What is worked through, without a download or a pixel. */
export const LOADS = [
  { name: 'one request', requests: 1, images: 20_000 },
  { name: 'eight requests at once', requests: 8, images: 20_000 },
  { name: 'requests of one image', requests: 400, images: 400 },
] as const;
export type LoadName = (typeof LOADS)[number]['name'];

/** As long as in shops; nobody asks for them. */
const url = (number: number): string =>
  `https://images.shop.example/catalogue/2026/autumn/products/${number}/front-1600x1600.jpg`;
const urls = (count: number): string[] => Array.from({ length: count }, (_, number) => url(number));

/** The service's own share of the work, by load: two workers that have nothing else to do. */
export async function workBooks(queue: Queue, options: Options): Promise<Record<LoadName, Worked>> {
  const house = await House.start({ queue, workers: 2, ofWorkers });
  const measured: Partial<Record<LoadName, Worked>> = {};
  try {
    await workThrough(house, urls(2000));
    for (const { name, requests, images } of LOADS) {
      const count = scaled(images, options);
      progress(`scale: bookkeeping alone, ${name}, ${count} images, queue on ${queue}`);
      measured[name] = await workThrough(house, urls(count), scaled(requests, options));
    }
    return measured as Record<LoadName, Worked>;
  } finally {
    await house.stop();
  }
}

/** What one image of a large request asks of PostgreSQL, and leaves in it. */
export interface Traces {
  /** Statements, BEGIN and COMMIT counted with them. */
  statements: number;
  transactions: number;
  /** Bytes on the disk with all indexes, by table. */
  bytes: { product_image: number; product: number; slice: number };
}

export async function tracesOf(queue: Queue, options: Options): Promise<Traces> {
  const house = await House.start({ queue, ofWorkers, ofPostgres: COUNTING });
  try {
    const images = scaled(20_000, options);
    progress(`scale: statements of ${images} images, queue on ${queue}`);
    const statements = await statementsOf(house.pool, () => workThrough(house, urls(images)));
    const calls = (of: typeof statements): number => of.reduce((sum, each) => sum + each.calls, 0) / images;
    const { rows } = await house.pool.query<Traces['bytes']>(
      `SELECT ${['product_image', 'product', 'slice']
        .map((table) => `pg_total_relation_size('${table}')::float8 / $1 AS ${table}`)
        .join()}`,
      [images],
    );
    return {
      statements: calls(statements),
      transactions: calls(statements.filter(({ query }) => query === 'COMMIT')),
      bytes: rows[0]!,
    };
  } finally {
    await house.stop();
  }
}
