import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { positionOf } from '../storage/object-key.js';
import { ObjectStorage } from '../storage/object-storage.js';
import { SlicesRepository, type ClaimedSlice, type LeftSlice, type Range } from './slices.repository.js';

/** Objects that a killed worker had put and not yet recorded: no row names them, and nobody else would find them. */
@Injectable()
export class OrphanObjects {
  constructor(
    private readonly dataSource: DataSource,
    private readonly storage: ObjectStorage,
    private readonly slices: SlicesRepository,
  ) {}

  /**
   * Deletes the objects of the slice's positions that no image names. For the end of a pass, whose last outcome may have
   * ended the run: what this worker has put is recorded, and whoever was before it can record nothing any more. False
   * when others have the slice, or a later run has begun: it is theirs to do.
   */
  async deleteIn(slice: ClaimedSlice): Promise<boolean> {
    return this.deleteUnnamed([slice], () => this.slices.isInHand(slice));
  }

  /**
   * The same for slices of one request that nobody will work any more, because their run was over first; they are then
   * done. All at once: a listing goes through the whole folder.
   */
  async deleteLeft(slices: LeftSlice[]): Promise<void> {
    const [first] = slices;
    if (!first || !(await this.deleteUnnamed(slices, () => this.slices.isLeft(first)))) return;
    for (const slice of slices) await this.slices.markDone(slice);
  }

  /** `isOurs` is asked after the listing: whatever others put from then on was not found. False when it was not so. */
  private async deleteUnnamed(ranges: Range[], isOurs: () => Promise<boolean>): Promise<boolean> {
    const { requestId } = ranges[0]!;
    const from = Math.min(...ranges.map(({ firstPosition }) => firstPosition));
    const to = Math.max(...ranges.map(({ lastPosition }) => lastPosition));
    const isInRange = (position: number): boolean =>
      ranges.some(({ firstPosition, lastPosition }) => position >= firstPosition && position <= lastPosition);
    const listed = await this.storage.keysBetween(requestId, from, to);
    const keys = listed.filter((key) => isInRange(positionOf(key)));
    if (!(await isOurs())) return false;
    const rows = await sql<{ key: string }>(
      this.dataSource,
      `SELECT object_key AS key FROM product_image WHERE request_id = $1 AND position = ANY($2)
         AND object_key IS NOT NULL`,
      [requestId, keys.map(positionOf)],
    );
    const named = new Set(rows.map((row) => row.key));
    for (const key of keys) if (!named.has(key)) await this.storage.delete(key);
    return true;
  }
}
