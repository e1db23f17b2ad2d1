import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { prepared, sql, type Runner } from '../database/sql.js';
import type { RequestOptions } from '../requests/request-options.js';
import type { DuePass, SlicePass } from './slices.js';

/** The positions of a slice, both ends included. */
export interface Range {
  requestId: string;
  firstPosition: number;
  lastPosition: number;
}

/** A slice that this process may work: the lease is held, by the database's clock. */
export interface ClaimedSlice extends SlicePass, Range {
  starts: number;
  options: RequestOptions;
}

/** A slice that a worker began and nobody ended before its run was over. */
export interface LeftSlice extends SlicePass, Range {
  /** The run of the request, which is terminal; perhaps a later one. */
  lastRun: number;
}

export interface DueImage {
  position: number;
  sourceUrl: string;
  attempts: number;
}

/** Where a slice stands after a pass: `done`, or `waiting` for its next pass, which may begin after `delayMs`. */
export interface EndedPass {
  state: 'waiting' | 'done';
  pass: number;
  delayMs: number;
}

/** Statements that move a slice. Each is safe against all others, in any order and number. */
@Injectable()
export class SlicesRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly env: Env,
  ) {}

  /** Cuts the positions 0 … imageCount-1 into slices of the run. */
  async create(
    manager: EntityManager,
    requestId: string,
    run: number,
    imageCount: number,
    size: number,
  ): Promise<void> {
    await sql(
      manager,
      `INSERT INTO slice (request_id, run, number, first_position, last_position)
       SELECT $1, $2, n, n * $4::int, least((n + 1) * $4::int, $3::int) - 1
       FROM generate_series(0, ($3::int - 1) / $4::int) AS n`,
      [requestId, run, imageCount, size],
    );
  }

  /**
   * Takes the lease of a slice that is queued (or waits and is due) in just this pass; the first claim of a run begins
   * it. Undefined: somebody else has it, it was worked already, or the request ended.
   */
  async claim(job: SlicePass, workerId: string): Promise<ClaimedSlice | undefined> {
    const [claimed] = await prepared<Omit<ClaimedSlice, keyof SlicePass>>(
      this.dataSource,
      `WITH request AS (
         SELECT id, options FROM processing_request
         WHERE id = $1 AND run = $2 AND status IN ('pending', 'processing')
       ), claimed AS (
         UPDATE slice SET state = 'running', starts = starts + 1, worker_id = $5, queued_at = NULL,
           lease_until = now() + $6 * interval '1 ms'
         FROM request
         WHERE request_id = request.id AND run = $2 AND number = $3 AND pass = $4
           AND (state = 'queued' OR state = 'waiting' AND (not_before IS NULL OR not_before <= now()))
         RETURNING first_position, last_position, starts, options
       ), begun AS (
         UPDATE processing_request SET status = 'processing', started_at = now()
         WHERE id = $1 AND run = $2 AND status = 'pending' AND EXISTS (SELECT FROM claimed)
       )
       SELECT first_position AS "firstPosition", last_position AS "lastPosition", starts, options FROM claimed`,
      [job.requestId, job.run, job.slice, job.pass, workerId, this.env.leaseMs],
    );
    return claimed && { ...job, ...claimed };
  }

  /** Whether the lease is still this pass's, and the run is not over (cancelled); it then lasts anew. */
  async renewLease(slice: SlicePass): Promise<boolean> {
    const renewed = await sql(
      this.dataSource,
      `UPDATE slice SET lease_until = now() + $5 * interval '1 ms'
       WHERE request_id = $1 AND run = $2 AND number = $3 AND pass = $4 AND state = 'running' AND EXISTS (
         SELECT FROM processing_request WHERE id = $1 AND run = $2 AND status IN ('pending', 'processing'))
       RETURNING pass`,
      [slice.requestId, slice.run, slice.slice, slice.pass, this.env.leaseMs],
    );
    return renewed.length > 0;
  }

  /** Its images that are pending and due. */
  dueImages(slice: ClaimedSlice): Promise<DueImage[]> {
    return prepared<DueImage>(
      this.dataSource,
      `SELECT position, source_url AS "sourceUrl", attempts FROM product_image
       WHERE request_id = $1 AND position BETWEEN $2 AND $3 AND status = 'pending'
         AND (next_attempt_at IS NULL OR next_attempt_at <= now())
       ORDER BY position`,
      [slice.requestId, slice.firstPosition, slice.lastPosition],
    );
  }

  /**
   * Ends a pass: `done` when no image is left pending, else `waiting` with the next pass. A slice that killed a worker
   * stays suspect until then: the image that did it may be among the rest. Undefined: the pass is over.
   */
  async endPass(runner: Runner, slice: ClaimedSlice): Promise<EndedPass | undefined> {
    const [ended] = await prepared<EndedPass>(
      runner,
      `UPDATE slice SET
         state = CASE WHEN rest.pending = 0 THEN 'done' ELSE 'waiting' END,
         pass = pass + CASE WHEN rest.pending = 0 THEN 0 ELSE 1 END,
         starts = CASE WHEN rest.pending = 0 OR starts = 1 THEN 0 ELSE 1 END, lease_until = NULL, not_before = rest.due
       FROM (SELECT count(*) AS pending, min(coalesce(next_attempt_at, now())) AS due FROM product_image
             WHERE request_id = $1 AND position BETWEEN $5 AND $6 AND status = 'pending') AS rest
       WHERE request_id = $1 AND run = $2 AND number = $3 AND pass = $4 AND state = 'running'
       RETURNING state, pass, greatest(0, ceil(extract(epoch FROM not_before - now()) * 1000))::int AS "delayMs"`,
      [slice.requestId, slice.run, slice.slice, slice.pass, slice.firstPosition, slice.lastPosition],
    );
    return ended;
  }

  /**
   * Whether the pass is still this one's and no later run has begun; the lease and the run may be over. FOR SHARE: waits
   * for whoever is just recording.
   */
  async isInHand({ requestId, run, slice, pass }: SlicePass): Promise<boolean> {
    const held = await sql(
      this.dataSource,
      `SELECT 1 FROM slice JOIN processing_request AS request ON request.id = request_id AND request.run = slice.run
       WHERE request_id = $1 AND slice.run = $2 AND number = $3 AND pass = $4 AND state = 'running'
       FOR SHARE OF request`,
      [requestId, run, slice, pass],
    );
    return held.length > 0;
  }

  /** Whether the request is still in the run that was over when the slice was found: nobody has worked on it since. */
  async isLeft({ requestId, lastRun }: LeftSlice): Promise<boolean> {
    const over = await sql(
      this.dataSource,
      `SELECT 1 FROM processing_request
       WHERE id = $1 AND run = $2 AND status NOT IN ('pending', 'processing') AND deleted_at IS NULL`,
      [requestId, lastRun],
    );
    return over.length > 0;
  }

  async markDone({ requestId, run, slice, pass }: SlicePass): Promise<void> {
    await sql(
      this.dataSource,
      `UPDATE slice SET state = 'done', starts = 0, lease_until = NULL, queued_at = NULL
       WHERE request_id = $1 AND run = $2 AND number = $3 AND pass = $4`,
      [requestId, run, slice, pass],
    );
  }

  /**
   * Moves due slices of a run to `queued` until `window` of them are, once no more than half of it is left: many at a time
   * cost the queue hardly more than one. The caller locks the request.
   * ARRAY, because a join may run the inner query once for every slice there is, and each time it locks others.
   */
  async fillWindow(
    manager: EntityManager,
    requestId: string,
    run: number,
    window: number,
  ): Promise<DuePass[]> {
    return prepared<DuePass>(
      manager,
      `UPDATE slice SET state = 'queued', queued_at = now()
       WHERE request_id = $1 AND run = $2 AND number = ANY(ARRAY(
         SELECT number FROM slice
         WHERE request_id = $1 AND run = $2 AND state = 'waiting' AND (not_before IS NULL OR not_before <= now())
         ORDER BY number
         LIMIT (SELECT CASE WHEN count(*) > $3::int / 2 THEN 0 ELSE $3::int - count(*) END FROM slice
                WHERE request_id = $1 AND run = $2 AND state = 'queued')
         FOR UPDATE SKIP LOCKED))
       RETURNING request_id AS "requestId", run, number AS slice, pass,
         last_position - first_position + 1 AS images`,
      [requestId, run, window],
    );
  }
}
