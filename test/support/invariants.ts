import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/database/data-source.js';

/** A few connections to look into a database, beside the service's own. */
export async function connect(url: string): Promise<DataSource> {
  return createDataSource(url, { poolSize: 4, applicationName: 'test' }).initialize();
}

/**
 * What always holds once everything is quiet (I1 to I6 of the design): as many images as accepted, counters equal to
 * the rows, nothing pending but what is cancelled, one event per run of a terminal request, an object for each completed
 * image and no other, and nothing left of what was removed.
 */
export async function expectInvariants(database: DataSource, filesDirectory: string): Promise<void> {
  const broken = await database.query<unknown[]>(`
    SELECT request.id, request.status, request.image_count, request.completed_count, request.failed_count, rows.*, events
    FROM processing_request AS request,
      LATERAL (SELECT count(*) AS images, count(*) FILTER (WHERE status = 'completed') AS completed,
                 count(*) FILTER (WHERE status = 'failed') AS failed,
                 coalesce(sum(original_size), 0) AS input, coalesce(sum(compressed_size), 0) AS output
               FROM product_image WHERE request_id = request.id) AS rows,
      LATERAL (SELECT count(*) AS events FROM webhook_event WHERE request_id = request.id) AS happened
    WHERE rows.images <> request.image_count OR rows.completed <> request.completed_count
      OR rows.failed <> request.failed_count
      OR rows.completed + rows.failed <> rows.images AND request.status <> 'cancelled'
      OR rows.input <> request.input_bytes OR rows.output <> request.output_bytes
      OR request.status NOT IN ('completed', 'failed', 'cancelled') OR happened.events <> request.run
      OR request.retried_to IS NOT NULL OR request.deleted_at IS NOT NULL`);
  expect(broken).toEqual([]);
  // Those that a cancelled run did not come to wait for ever.
  const slices = await database.query<unknown[]>(`
    SELECT slice.* FROM slice JOIN processing_request AS request ON request.id = request_id
    WHERE state IN ('queued', 'running') OR state = 'waiting' AND request.run = slice.run AND status <> 'cancelled'`);
  expect(slices).toEqual([]);
  const removed = ['product', 'product_image', 'slice', 'webhook_event'].map(
    (table) => `SELECT '${table}', request_id FROM ${table}
      WHERE request_id IS NOT NULL AND request_id NOT IN (SELECT id FROM processing_request)`,
  );
  expect(await database.query<unknown[]>(removed.join(' UNION '))).toEqual([]);
  const rows = await database.query<{ object_key: string }[]>(
    `SELECT object_key FROM product_image WHERE status = 'completed' ORDER BY object_key`,
  );
  expect(await storedKeys(filesDirectory)).toEqual(rows.map((row) => row.object_key).toSorted());
}

async function storedKeys(directory: string): Promise<string[]> {
  const requests = await readdir(directory, { withFileTypes: true });
  // What a killed process was just writing lies in .tmp, where nobody can ask for it, until it is swept.
  const folders = requests.filter((entry) => entry.isDirectory() && entry.name !== '.tmp');
  const keys = await Promise.all(
    folders.map(async ({ name }) => (await readdir(join(directory, name))).map((file) => `${name}/${file}`)),
  );
  return keys.flat().toSorted();
}
