import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Env } from '../config/env.js';
import { prepared, sql } from '../database/sql.js';
import { ProcessingRequest } from './processing-request.entity.js';
import { finalStatus, isTerminal } from './request-status.js';

export type NewRequest = Pick<
  ProcessingRequest,
  | 'id'
  | 'ownerId'
  | 'label'
  | 'fileName'
  | 'options'
  | 'csvColumns'
  | 'publicUrl'
  | 'productCount'
  | 'imageCount'
>;

export type LockedRun = Pick<ProcessingRequest, 'id' | 'run' | 'status' | 'imageCount'>;

export interface NewProduct {
  row: number;
  cells: string[];
  urls: string[];
}

/** Positions that one statement counts. */
const COUNTED_AT_ONCE = 100_000;

/** Statements that write a request, or race for it. */
@Injectable()
export class RequestsRepository {
  constructor(private readonly env: Env) {}

  async insert(manager: EntityManager, request: NewRequest): Promise<void> {
    await manager.insert(ProcessingRequest, { ...request, runImageCount: request.imageCount });
  }

  /** Adds products and their images; `firstPosition` is the position of the first image. Gives the next free one. */
  async insertProducts(
    manager: EntityManager,
    requestId: string,
    products: NewProduct[],
    firstPosition: number,
  ): Promise<number> {
    let position = firstPosition;
    const positions = products.map(({ urls }) => (position += urls.length) - urls.length);
    await insertRows(
      manager,
      `INSERT INTO product (request_id, row, cells, first_position, image_count)
       SELECT $1, * FROM unnest($2::int[], $3::jsonb[], $4::int[], $5::int[])`,
      [
        requestId,
        products.map(({ row }) => row),
        products.map(({ cells }) => JSON.stringify(cells)),
        positions,
        products.map(({ urls }) => urls.length),
      ],
    );
    await insertRows(
      manager,
      `INSERT INTO product_image (request_id, row, source_url, position)
       SELECT $1, row, url, $4::int + ordinality - 1 FROM unnest($2::int[], $3::text[]) WITH ORDINALITY AS i (row, url)`,
      [
        requestId,
        products.flatMap(({ row, urls }) => urls.map(() => row)),
        products.flatMap(({ urls }) => urls),
        firstPosition,
      ],
    );
    return position;
  }

  /** Locks the request's row as `lock` does, and gives of it what is needed at the end of every slice. */
  async lockRun(manager: EntityManager, requestId: string): Promise<LockedRun | undefined> {
    const [run] = await prepared<LockedRun>(
      manager,
      `SELECT id, run, status, image_count AS "imageCount" FROM processing_request WHERE id = $1 FOR UPDATE`,
      [requestId],
    );
    return run;
  }

  /** Locks the request's row until the transaction ends; undefined when there is none. */
  async lock(manager: EntityManager, requestId: string): Promise<ProcessingRequest | undefined> {
    return this.lockWhere(manager, { id: requestId });
  }

  /** The same for a caller: undefined also for what is no id, was deleted, or belongs to someone else. */
  async lockOwn(
    manager: EntityManager,
    ownerId: string,
    requestId: string,
  ): Promise<ProcessingRequest | undefined> {
    if (!isUuid(requestId)) return undefined;
    return this.lockWhere(manager, { id: requestId, ownerId, deletedAt: IsNull() });
  }

  private async lockWhere(
    manager: EntityManager,
    where: FindOptionsWhere<ProcessingRequest>,
  ): Promise<ProcessingRequest | undefined> {
    const request = await manager.findOne(ProcessingRequest, { where, lock: { mode: 'pessimistic_write' } });
    return request ?? undefined;
  }

  /** Ends a run that has nothing pending; undefined when it is not so, or when it has ended already. */
  async close(manager: EntityManager, requestId: string): Promise<ProcessingRequest | undefined> {
    const request = await this.lock(manager, requestId);
    // While a retry makes images pending again, those that failed before are still counted.
    if (!request || isTerminal(request.status) || request.retriedTo !== null) return undefined;
    if (request.completedCount + request.failedCount < request.imageCount) return undefined;
    return this.end(manager, requestId, finalStatus({ completed: request.completedCount }));
  }

  /** Ends the run with this status. The caller holds the row's lock. */
  async end(
    manager: EntityManager,
    requestId: string,
    status: 'completed' | 'failed' | 'cancelled',
  ): Promise<ProcessingRequest> {
    await sql(
      manager,
      `UPDATE processing_request SET status = $2, finished_at = now(), retried_to = NULL,
         expires_at = now() + nullif($3::int, 0) * interval '24 h' WHERE id = $1`,
      [requestId, status, this.env.retentionDays],
    );
    return (await this.lock(manager, requestId))!;
  }

  /**
   * Begins the next run of a terminal request: whatever is not completed belongs to it. Its images are made pending
   * afterwards, in batches; until then `retriedTo` says how far. The caller holds the row's lock.
   */
  async beginNextRun(manager: EntityManager, requestId: string): Promise<void> {
    await sql(
      manager,
      `UPDATE processing_request SET run = run + 1, status = 'pending', run_image_count = image_count - completed_count,
         retried_to = 0, started_at = NULL, finished_at = NULL, expires_at = NULL, speed = NULL, progressed_at = NULL
       WHERE id = $1`,
      [requestId],
    );
  }

  /**
   * Sets the counters to what the rows say. Gives true when they had drifted, which only a fault of our own or somebody
   * else's UPDATE can cause. The caller holds the row's lock. In steps: read from a cold disk, the images of a large
   * request would take longer than a statement may.
   */
  async recount(manager: EntityManager, { id, imageCount }: ProcessingRequest): Promise<boolean> {
    const totals = { completed: 0, failed: 0, input: 0, output: 0 };
    for (let from = 0; from < imageCount; from += COUNTED_AT_ONCE) {
      const [counts] = await sql<typeof totals>(
        manager,
        `SELECT count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           coalesce(sum(original_size), 0) AS input, coalesce(sum(compressed_size), 0) AS output
         FROM product_image WHERE request_id = $1 AND position >= $2 AND position < $3`,
        [id, from, from + COUNTED_AT_ONCE],
      );
      totals.completed += counts!.completed;
      totals.failed += counts!.failed;
      totals.input += counts!.input;
      totals.output += counts!.output;
    }
    const changed = await sql(
      manager,
      `UPDATE processing_request SET completed_count = $2, failed_count = $3, input_bytes = $4, output_bytes = $5
       WHERE id = $1 AND (completed_count, failed_count, input_bytes, output_bytes)
         IS DISTINCT FROM ($2::int, $3::int, $4::bigint, $5::bigint) RETURNING id`,
      [id, totals.completed, totals.failed, totals.input, totals.output],
    );
    return changed.length > 0;
  }
}

/**
 * Hands node-postgres a copy of `values`, which it takes back when the statement is done: what is left of a statement
 * would hold them until V8's next full collection, of a million rows some 130 MB. A copy, because V8 allocates what often
 * lives on, as the list itself, among the old objects, where even an emptied one still holds what was in it.
 */
async function insertRows(manager: EntityManager, statement: string, values: unknown[]): Promise<void> {
  const lent = [...values];
  await sql(manager, statement, lent);
  lent.length = 0;
}
