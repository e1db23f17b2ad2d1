import { sql, type Runner } from '../database/sql.js';
import type { KnownStorageId } from './storage-identity.js';

/** The storage id in the database, in the one row of `installation`. */
export function storageIdIn(database: Runner): KnownStorageId {
  return {
    async get() {
      const [row] = await sql<{ storage_id: string | null }>(database, `SELECT storage_id FROM installation`);
      return row?.storage_id ?? undefined;
    },

    async claim(id) {
      const [row] = await sql<{ storage_id: string }>(
        database,
        `INSERT INTO installation AS known (storage_id) VALUES ($1)
         ON CONFLICT (singleton) DO UPDATE SET storage_id = coalesce(known.storage_id, excluded.storage_id)
         RETURNING storage_id`,
        [id],
      );
      return row!.storage_id;
    },
  };
}
