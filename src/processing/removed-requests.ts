import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { ObjectStorage } from '../storage/object-storage.js';

/** Between two notes that it is still being cleared away, in ms: others wait for a minute. */
const KEEP_EVERY = 20_000;
/** Rows that one statement deletes. */
const BATCH = 5000;

interface Removed {
  id: string;
  productCount: number;
  imageCount: number;
}

/** Clears away the objects and rows of requests that are marked as deleted. Whoever dies at it, another goes on. */
@Injectable()
export class RemovedRequests {
  private readonly logger = new Logger('Removal');
  private clearing: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly storage: ObjectStorage,
  ) {}

  /** Clears one request after the other until there is none, or `stopping`. A call while one is under way waits for it. */
  clear(stopping: AbortSignal): Promise<void> {
    return (this.clearing ??= this.clearAll(stopping).finally(() => (this.clearing = undefined)));
  }

  private async clearAll(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const next = await this.take();
      if (!next) return;
      const keeping = setInterval(() => void this.keep(next).catch(() => undefined), KEEP_EVERY);
      try {
        await this.clearOne(next, stopping);
      } catch (error) {
        if (stopping.aborted) return;
        this.logger.warn(
          `request ${next.id} is not cleared away yet, it follows: ${(error as Error).message}`,
        );
      } finally {
        clearInterval(keeping);
      }
    }
  }

  /** The request that is marked for the longest, for a minute. Not one that a worker has in hand: it may put an object yet. */
  private async take(): Promise<Removed | undefined> {
    const [taken] = await sql<Removed>(
      this.dataSource,
      `UPDATE processing_request SET removing_until = now() + interval '1 min' WHERE id = (
         SELECT id FROM processing_request AS request
         WHERE deleted_at IS NOT NULL AND (removing_until IS NULL OR removing_until < now()) AND NOT EXISTS (
           SELECT FROM slice WHERE request_id = request.id AND state = 'running' AND lease_until > now())
         ORDER BY deleted_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, product_count AS "productCount", image_count AS "imageCount"`,
    );
    return taken;
  }

  /** For another minute. */
  private async keep({ id }: Removed): Promise<void> {
    await sql(
      this.dataSource,
      `UPDATE processing_request SET removing_until = now() + interval '1 min' WHERE id = $1`,
      [id],
    );
  }

  /** The request's own row goes last: as long as it stands, there may be more. Throws when it is stopped. */
  private async clearOne({ id, productCount, imageCount }: Removed, stopping: AbortSignal): Promise<void> {
    await this.storage.deletePrefix(`${id}/`, stopping);
    await this.deleteRange('product_image', 'position', id, imageCount, stopping);
    await this.deleteRange('product', 'row', id, productCount + 1, stopping);
    await sql(this.dataSource, `DELETE FROM slice WHERE request_id = $1`, [id]);
    await sql(this.dataSource, `DELETE FROM processing_request WHERE id = $1`, [id]);
    this.logger.log(`request ${id} is cleared away: ${imageCount} images`);
  }

  /** By ranges of the key, so that no statement looks at rows that are gone already. */
  private async deleteRange(
    table: 'product_image' | 'product',
    column: 'position' | 'row',
    id: string,
    end: number,
    stopping: AbortSignal,
  ): Promise<void> {
    for (let from = 0; from < end; from += BATCH) {
      stopping.throwIfAborted();
      await sql(
        this.dataSource,
        `DELETE FROM ${table} WHERE request_id = $1 AND ${column} >= $2 AND ${column} < $3`,
        [id, from, from + BATCH],
      );
    }
  }
}
