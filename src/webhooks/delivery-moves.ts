import type { EntityManager } from 'typeorm';
import { sql } from '../database/sql.js';
import type { Verdict } from './attempt-verdict.js';
import type { DueDelivery } from './due-deliveries.js';

/** Moves a delivery on after an attempt of its schedule. */
export async function moveScheduled(
  manager: EntityManager,
  { id }: DueDelivery,
  verdict: Verdict,
): Promise<void> {
  const delayMs = verdict.status === 'pending' ? verdict.delayMs : null;
  await sql(
    manager,
    `UPDATE webhook_delivery SET status = $2, attempt_count = attempt_count + 1,
       next_attempt_at = clock_timestamp() + $3::float8 * interval '1 ms' -- none when there is no delay
     WHERE id = $1`,
    [id, verdict.status, delayMs],
  );
}

/**
 * Moves a delivery on after an attempt that somebody asked for. Only a success changes what has ended already; a pending
 * one keeps its schedule, and has failed when it has none (a test) or its endpoint is disabled now. Who asks while the
 * attempt is under way gets another one.
 */
export async function moveManual(
  manager: EntityManager,
  { id, askedAt }: DueDelivery,
  verdict: Verdict,
): Promise<void> {
  await sql(
    manager,
    `UPDATE webhook_delivery SET
       status = CASE WHEN $2 = 'delivered' THEN 'delivered'
         WHEN status = 'pending' AND ($2 = 'failed' OR next_attempt_at IS NULL) THEN 'failed' ELSE status END,
       next_attempt_at = CASE WHEN $2 = 'unmoved' THEN next_attempt_at END,
       redeliver_at = nullif(redeliver_at, $3::timestamptz)
     WHERE id = $1`,
    [id, verdict.status, askedAt],
  );
}
