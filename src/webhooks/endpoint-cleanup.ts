import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';

/** Deliveries that one statement touches. A million in one would hold the endpoint's lock beyond everybody's time limit. */
const BATCH = 5000;
/** Endpoints that one round of the reconciler finishes; the next round comes soon. */
const RESUMED_AT_ONCE = 500;

/** What follows from disabling or deleting an endpoint, in batches, after it was committed. */
@Injectable()
export class EndpointCleanup {
  constructor(private readonly dataSource: DataSource) {}

  /** Cancels what is pending at a disabled endpoint, and forgets what was asked for. Returns how many were cancelled. */
  async cancelPending(endpointId: string): Promise<number> {
    let cancelled = 0;
    for (;;) {
      const batch = await this.dataSource.transaction(async (manager) => {
        const disabled = await sql(
          manager,
          `SELECT 1 FROM webhook_endpoint WHERE id = $1 AND NOT enabled FOR SHARE`,
          [endpointId],
        );
        if (disabled.length === 0) return undefined;
        const [counts] = await sql<{ touched: number; cancelled: number }>(manager, CANCEL, [
          endpointId,
          BATCH,
        ]);
        return counts;
      });
      if (!batch) return cancelled;
      cancelled += batch.cancelled;
      if (batch.touched < BATCH) return cancelled;
    }
  }

  /** Removes an endpoint that is marked as deleted, with its deliveries, its attempts and its tests. */
  async remove(endpointId: string): Promise<void> {
    for (let removed = BATCH; removed === BATCH;) {
      removed = (await sql(this.dataSource, REMOVE, [endpointId, BATCH])).length;
    }
    await sql(this.dataSource, `DELETE FROM webhook_endpoint WHERE id = $1 AND deleted_at IS NOT NULL`, [
      endpointId,
    ]);
  }

  /** Finishes what a process that ended had begun. */
  async resume(): Promise<void> {
    const disabled = await sql<{ id: string }>(
      this.dataSource,
      `SELECT id FROM webhook_endpoint endpoint WHERE NOT enabled AND deleted_at IS NULL
         AND EXISTS (SELECT FROM webhook_delivery WHERE endpoint_id = endpoint.id AND status = 'pending')
       LIMIT ${RESUMED_AT_ONCE}`,
    );
    for (const { id } of disabled) await this.cancelPending(id);
    const deleted = await sql<{ id: string }>(
      this.dataSource,
      `SELECT id FROM webhook_endpoint WHERE NOT enabled AND deleted_at IS NOT NULL LIMIT ${RESUMED_AT_ONCE}`,
    );
    for (const { id } of deleted) await this.remove(id);
  }
}

const CANCEL = `
  WITH batch AS (
    (SELECT id, status FROM webhook_delivery WHERE endpoint_id = $1 AND status = 'pending' LIMIT $2)
    UNION ALL
    (SELECT id, status FROM webhook_delivery
     WHERE endpoint_id = $1 AND redeliver_at IS NOT NULL AND status <> 'pending' LIMIT $2)
  ), changed AS (
    UPDATE webhook_delivery delivery SET next_attempt_at = NULL, redeliver_at = NULL,
      status = CASE WHEN delivery.status = 'pending' THEN 'cancelled' ELSE delivery.status END
    FROM batch WHERE delivery.id = batch.id RETURNING batch.status
  )
  SELECT count(*)::int AS touched, (count(*) FILTER (WHERE status = 'pending'))::int AS cancelled FROM changed`;

/** A test is an event for this endpoint alone, and goes with it. */
const REMOVE = `
  WITH removed AS (
    DELETE FROM webhook_delivery
    WHERE id IN (SELECT id FROM webhook_delivery WHERE endpoint_id = $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING event_id
  ), tests AS (
    DELETE FROM webhook_event USING removed WHERE id = event_id AND request_id IS NULL
  )
  SELECT event_id FROM removed`;
