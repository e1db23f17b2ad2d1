import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';

const TABLES = ['processing_request', 'product', 'product_image', 'slice', 'webhook_endpoint'];

/** After an upload that was not accepted: no row of it, and no file. */
export async function expectNothingStored(database: DataSource, dataDir: string): Promise<void> {
  const counts = TABLES.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ');
  const [rows] = await database.query<Record<string, number>[]>(`SELECT ${counts}`);
  expect(rows).toEqual(Object.fromEntries(TABLES.map((table) => [table, 0])));
  // The directory is made with the first upload that reaches the disk.
  const files = await readdir(join(dataDir, 'tmp')).catch(() => []);
  expect(files).toEqual([]);
}
