import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { judgeAttempt, type Verdict } from './attempt-verdict.js';
import { succeeded, type Attempt } from './attempt.js';
import type { DueDelivery } from './due-deliveries.js';

/** Writes down an attempt and what follows from it, in one transaction. */
@Injectable()
export class AttemptRecorder {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly dataSource: DataSource,
    private readonly env: Env,
  ) {}

  async record(delivery: DueDelivery, attempt: Attempt): Promise<void> {
    const notice = await this.dataSource.transaction((manager) => this.write(manager, delivery, attempt));
    if (notice) this.logger.warn(notice);
  }

  /** Returns what the operator should know once it is committed. */
  private async write(
    manager: EntityManager,
    delivery: DueDelivery,
    attempt: Attempt,
  ): Promise<string | undefined> {
    const locked = await lock(manager, delivery);
    if (!locked) return undefined; // deleted meanwhile: nobody is left to be told
    await insertAttempt(manager, delivery.id, attempt);
    await noteHealth(manager, delivery.endpointId, succeeded(attempt));

    const rules = {
      scheduleMs: this.env.webhookRetryScheduleMs,
      disableAfterMs: this.env.webhookDisableAfterMs,
    };
    const before = { attempts: delivery.attempts, failingSince: locked.failingSince, now: locked.now };
    const verdict = judgeAttempt(attempt, before, rules, Math.random());
    // Someone else may have moved it on, while this process stood still. But whoever got a success, the receiver has it.
    if (locked.unchanged || verdict.status === 'delivered') await move(manager, delivery.id, verdict);
    if (verdict.status !== 'failed') return undefined;
    if (verdict.disable) return await disable(manager, delivery.endpointId, verdict.disable);
    return `delivery ${delivery.id} to ${delivery.endpointId} failed for good after ${delivery.attempts + 1} attempts`;
  }
}

/** The endpoint's row first, everywhere: so no two transactions wait for each other. */
async function lock(
  manager: EntityManager,
  { id, endpointId, attempts }: DueDelivery,
): Promise<{ failingSince: Date | null; now: Date; unchanged: boolean } | undefined> {
  const [endpoint] = await sql<{ failingSince: Date | null; now: Date }>(
    manager,
    `SELECT failing_since AS "failingSince", clock_timestamp() AS now
     FROM webhook_endpoint WHERE id = $1 FOR NO KEY UPDATE`,
    [endpointId],
  );
  const [delivery] = await sql<{ unchanged: boolean }>(
    manager,
    `SELECT status = 'pending' AND attempt_count = $2 AS unchanged
     FROM webhook_delivery WHERE id = $1 FOR NO KEY UPDATE`,
    [id, attempts],
  );
  return endpoint && delivery && { ...endpoint, ...delivery };
}

async function insertAttempt(manager: EntityManager, deliveryId: string, attempt: Attempt): Promise<void> {
  const { at, durationMs, statusCode, error, response } = attempt;
  await sql(
    manager,
    `INSERT INTO webhook_attempt (delivery_id, number, trigger, at, duration_ms, status_code, error, response)
     SELECT $1, count(*) + 1, 'scheduled', $2, $3, $4, $5, $6 FROM webhook_attempt WHERE delivery_id = $1`,
    [deliveryId, at, durationMs, statusCode, error, response],
  );
}

async function noteHealth(manager: EntityManager, endpointId: string, success: boolean): Promise<void> {
  const statement = success
    ? `UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL`
    : `UPDATE webhook_endpoint SET failing_since = clock_timestamp() WHERE id = $1 AND failing_since IS NULL`;
  await sql(manager, statement, [endpointId]);
}

async function move(manager: EntityManager, deliveryId: string, verdict: Verdict): Promise<void> {
  const delayMs = verdict.status === 'pending' ? verdict.delayMs : null;
  await sql(
    manager,
    `UPDATE webhook_delivery SET status = $2, attempt_count = attempt_count + 1,
       next_attempt_at = clock_timestamp() + $3::float8 * interval '1 ms' -- none when there is no delay
     WHERE id = $1`,
    [deliveryId, verdict.status, delayMs],
  );
}

/** Returns the notice; none when it was disabled already. */
async function disable(
  manager: EntityManager,
  endpointId: string,
  reason: string,
): Promise<string | undefined> {
  const disabled = await sql(
    manager,
    `UPDATE webhook_endpoint SET enabled = false, disabled_reason = $2 WHERE id = $1 AND enabled RETURNING id`,
    [endpointId, reason],
  );
  if (disabled.length === 0) return undefined;
  const cancelled = await sql(
    manager,
    `UPDATE webhook_delivery SET status = 'cancelled', next_attempt_at = NULL
     WHERE endpoint_id = $1 AND status = 'pending' RETURNING id`,
    [endpointId],
  );
  return `endpoint ${endpointId} is disabled, ${cancelled.length} pending deliveries are cancelled: ${reason}`;
}
