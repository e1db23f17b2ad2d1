import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { ObjectStorage } from '../storage/object-storage.js';
import { SlicesRepository, type ClaimedSlice } from './slices.repository.js';

/** Objects that a killed worker had put and not yet recorded: no row names them, and nobody else would find them. */
@Injectable()
export class OrphanObjects {
  constructor(
    private readonly dataSource: DataSource,
    private readonly storage: ObjectStorage,
    private readonly slices: SlicesRepository,
  ) {}

  /**
   * Deletes the objects of the slice's positions that no image names. For the end of a pass that holds the lease: what
   * this worker has put is recorded, and whoever was before it can record nothing any more.
   */
  async delete(slice: ClaimedSlice): Promise<void> {
    const { requestId, firstPosition, lastPosition } = slice;
    const keys = await this.storage.keysBetween(requestId, firstPosition, lastPosition);
    // While the lease is ours nobody after us has put anything, so all that was found is ours or older.
    if (!(await this.slices.renewLease(slice))) return;
    const rows = await sql<{ key: string }>(
      this.dataSource,
      `SELECT object_key AS key FROM product_image
       WHERE request_id = $1 AND position BETWEEN $2 AND $3 AND object_key IS NOT NULL`,
      [requestId, firstPosition, lastPosition],
    );
    const named = new Set(rows.map((row) => row.key));
    for (const key of keys) if (!named.has(key)) await this.storage.delete(key);
  }
}
