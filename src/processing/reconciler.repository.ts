import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { sql } from '../database/sql.js';
import type { SlicePass } from './slices.js';

/** 'HTRC' in ASCII: the one that holds this advisory lock reconciles. */
const RECONCILER_LOCK = 0x4854_5243;
/** A wake-up that was not followed for this long is sent again (s); a repeated one is harmless. */
const PICK_UP_TIME = 15;
/** Rows of one kind that one round handles. */
const ROUND = 1000;

/** What stands in the database and nobody is working on. */
@Injectable()
export class ReconcilerRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` unless another process is at it. The lock goes with the transaction, so also with a killed process. */
  async whenAlone(work: () => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      // This transaction only holds the lock, while the work is done on other connections.
      await sql(manager, `SET LOCAL idle_in_transaction_session_timeout = '10min'`);
      const [lock] = await sql<{ taken: boolean }>(manager, 'SELECT pg_try_advisory_xact_lock($1) AS taken', [
        RECONCILER_LOCK,
      ]);
      if (lock!.taken) await work();
    });
  }

  /** Slices whose worker let the lease run out: queued anew, in a new pass, which shuts that worker out. */
  takeBackExpired(): Promise<SlicePass[]> {
    return this.wake(`state = 'running' AND lease_until < now()`, 1);
  }

  /** Slices that were queued and not picked up: their jobs may be lost. */
  queuedTooLong(): Promise<SlicePass[]> {
    return this.wake(`state = 'queued' AND queued_at < now() - interval '${PICK_UP_TIME} s'`, 0);
  }

  /** Queues the slices anew, in a pass that is higher by `passes`. Those of a run that is over are done. */
  private wake(which: string, passes: 0 | 1): Promise<SlicePass[]> {
    return sql<SlicePass>(
      this.dataSource,
      `WITH woken AS (
         UPDATE slice SET lease_until = NULL, queued_at = now(), pass = pass + ${passes},
           state = CASE WHEN EXISTS (
             SELECT FROM processing_request AS request
             WHERE request.id = request_id AND request.run = slice.run AND status IN ('pending', 'processing')
           ) THEN 'queued' ELSE 'done' END
         WHERE ctid = ANY(ARRAY(SELECT ctid FROM slice WHERE ${which} LIMIT ${ROUND} FOR UPDATE SKIP LOCKED))
         RETURNING *
       )
       SELECT request_id AS "requestId", run, number AS slice, pass FROM woken WHERE state = 'queued'`,
    );
  }

  /** Open requests with their run. */
  openRequests(): Promise<{ id: string; run: number }[]> {
    return sql(
      this.dataSource,
      `SELECT id, run FROM processing_request WHERE status IN ('pending', 'processing')`,
    );
  }

  /** Whether no slice of the run will be worked any more: the request should be closed, and is not. */
  async isWorkedOut(manager: EntityManager, requestId: string, run: number): Promise<boolean> {
    const [open] = await sql<{ any: boolean }>(
      manager,
      `SELECT EXISTS (SELECT FROM slice WHERE request_id = $1 AND run = $2 AND state IN ('queued', 'running'))
           OR EXISTS (SELECT FROM slice WHERE request_id = $1 AND run = $2 AND state = 'waiting') AS any`,
      [requestId, run],
    );
    return !open!.any;
  }

  /** Sets the counters to what the rows say. Gives true when they had drifted. The caller holds the request's lock. */
  async recount(manager: EntityManager, requestId: string): Promise<boolean> {
    const changed = await sql(
      manager,
      `UPDATE processing_request SET completed_count = rows.completed, failed_count = rows.failed,
         input_bytes = rows.input, output_bytes = rows.output
       FROM (SELECT count(*) FILTER (WHERE status = 'completed') AS completed,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               coalesce(sum(original_size), 0) AS input, coalesce(sum(compressed_size), 0) AS output
             FROM product_image WHERE request_id = $1) AS rows
       WHERE id = $1 AND (completed_count, failed_count, input_bytes, output_bytes)
         IS DISTINCT FROM (rows.completed, rows.failed, rows.input, rows.output) RETURNING id`,
      [requestId],
    );
    return changed.length > 0;
  }

  /** Slices that were done although images of theirs are pending: they wait again. */
  async reopenSlices(manager: EntityManager, requestId: string, run: number): Promise<void> {
    await sql(
      manager,
      `UPDATE slice SET state = 'waiting', pass = pass + 1, not_before = NULL
       WHERE request_id = $1 AND run = $2 AND state = 'done' AND EXISTS (
         SELECT FROM product_image AS image
         WHERE image.request_id = $1 AND image.position BETWEEN first_position AND last_position
           AND image.status = 'pending')`,
      [requestId, run],
    );
  }
}
