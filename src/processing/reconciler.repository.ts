import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { sql } from '../database/sql.js';
import type { LeftSlice } from './slices.repository.js';
import type { DuePass } from './slices.js';

/** 'HTRC' in ASCII: the one that holds this advisory lock reconciles. */
const RECONCILER_LOCK = 0x4854_5243;
/** Well below the session limit of idle transactions, in ms. */
const SAY_ALIVE = 5000;
/** Rows of one kind that one round handles. */
const ROUND = 1000;

/** What stands in the database and nobody is working on. */
@Injectable()
export class ReconcilerRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` unless another process is at it. The lock goes with the transaction, so also with a killed process; with
   * one whose connection is dead it goes when the session limit of idle transactions is over, because nothing is said.
   */
  async whenAlone(work: () => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const [lock] = await sql<{ taken: boolean }>(manager, 'SELECT pg_try_advisory_xact_lock($1) AS taken', [
        RECONCILER_LOCK,
      ]);
      if (!lock!.taken) return;
      // This transaction only holds the lock, while the work is done on other connections.
      const sayAlive = setInterval(() => void sql(manager, 'SELECT 1').catch(() => undefined), SAY_ALIVE);
      await work().finally(() => clearInterval(sayAlive));
    });
  }

  /** Slices whose worker let the lease run out: queued anew, in a new pass, which shuts that worker out. */
  takeBackExpired(): Promise<DuePass[]> {
    return this.queueAnew(`state = 'running' AND lease_until < now()`, 1);
  }

  /** Slices that were queued and not picked up for `pickUpMs`: their jobs may be lost. A repeated wake-up is harmless. */
  queuedTooLong(pickUpMs: number): Promise<DuePass[]> {
    return this.queueAnew(`state = 'queued' AND queued_at < now() - ${pickUpMs} * interval '1 ms'`, 0);
  }

  /** Slices of open runs, queued anew in a pass that is higher by `passes`. */
  private queueAnew(which: string, passes: 0 | 1): Promise<DuePass[]> {
    return sql<DuePass>(
      this.dataSource,
      `UPDATE slice SET state = 'queued', lease_until = NULL, queued_at = now(), pass = pass + ${passes}
       WHERE ctid = ANY(ARRAY(
         SELECT slice.ctid FROM slice JOIN processing_request AS request ON request.id = request_id
         WHERE ${which} AND request.run = slice.run AND request.status IN ('pending', 'processing')
         LIMIT ${ROUND} FOR UPDATE OF slice SKIP LOCKED))
       RETURNING request_id AS "requestId", run, number AS slice, pass,
         last_position - first_position + 1 AS images`,
    );
  }

  /** Of runs that are over, slices that nobody had begun: there is nothing to do for them. */
  async dropUnbegun(): Promise<void> {
    await sql(
      this.dataSource,
      `UPDATE slice SET state = 'done', queued_at = NULL
       WHERE state = 'queued' AND starts = 0 AND NOT EXISTS (
         SELECT FROM processing_request AS request
         WHERE request.id = request_id AND request.run = slice.run AND status IN ('pending', 'processing'))`,
    );
  }

  /** Of runs that are over, slices that were begun and not ended: their workers may have left objects behind. */
  leftSlices(): Promise<LeftSlice[]> {
    return sql<LeftSlice>(
      this.dataSource,
      `SELECT request_id AS "requestId", slice.run, number AS slice, pass, request.run AS "lastRun",
         first_position AS "firstPosition", last_position AS "lastPosition"
       FROM slice JOIN processing_request AS request ON request.id = request_id
       WHERE state IN ('queued', 'running') AND starts > 0 AND (lease_until IS NULL OR lease_until < now())
         AND status NOT IN ('pending', 'processing') AND deleted_at IS NULL
       LIMIT ${ROUND}`,
    );
  }

  /**
   * Open requests that somebody has to look after, with their run: a retry that is under way, all images ended, no slice
   * on the queue, or one due that might be there.
   */
  needyRequests(): Promise<{ id: string; run: number }[]> {
    return sql(
      this.dataSource,
      `SELECT id, run FROM processing_request AS request
       WHERE status IN ('pending', 'processing') AND (
         retried_to IS NOT NULL OR completed_count + failed_count >= image_count
         OR NOT EXISTS (SELECT FROM slice WHERE request_id = id AND slice.run = request.run
                        AND state IN ('queued', 'running'))
         OR EXISTS (SELECT FROM slice WHERE request_id = id AND slice.run = request.run
                    AND state = 'waiting' AND (not_before IS NULL OR not_before <= now())))`,
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
