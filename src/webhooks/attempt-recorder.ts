import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { failingSinceAfter, isSlow, judgeAttempt, type Verdict } from './attempt-verdict.js';
import type { Attempt } from './attempt.js';
import { moveManual, moveScheduled } from './delivery-moves.js';
import type { DueDelivery } from './due-deliveries.js';
import { EndpointCleanup } from './endpoint-cleanup.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** Writes down an attempt and what follows from it, in one transaction. */
@Injectable()
export class AttemptRecorder {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly dataSource: DataSource,
    private readonly env: Env,
    private readonly cleanup: EndpointCleanup,
  ) {}

  /** `url` is where it was sent to. */
  async record(delivery: DueDelivery, url: string, attempt: Attempt): Promise<void> {
    const verdict = await this.dataSource.transaction((manager) =>
      this.write(manager, delivery, url, attempt),
    );
    if (verdict?.status !== 'failed') return;
    const { id, endpointId, attempts } = delivery;
    if (verdict.disable) {
      const cancelled = await this.cleanup.cancelPending(endpointId);
      const more = cancelled > 0 ? ` Deliveries cancelled: ${cancelled}.` : '';
      this.logger.warn(`endpoint ${endpointId} is disabled: ${verdict.disable}${more}`);
    } else {
      const last = attempt.statusCode === null ? attempt.error : `status ${attempt.statusCode}`;
      this.logger.warn(
        `delivery ${id} to ${endpointId} failed for good after ${attempts + 1} attempts, the last with ${last}`,
      );
    }
  }

  /** Returns what took effect: nothing when somebody else was first. */
  private async write(
    manager: EntityManager,
    delivery: DueDelivery,
    url: string,
    attempt: Attempt,
  ): Promise<Verdict | undefined> {
    const locked = await lock(manager, delivery);
    if (!locked) return undefined; // deleted meanwhile: nobody is left to be told
    const manual = delivery.askedAt !== null;
    await insertAttempt(manager, delivery.id, manual, attempt);

    const rules = {
      scheduleMs: this.env.webhookRetryScheduleMs,
      disableAfterMs: this.env.webhookDisableAfterMs,
    };
    const moved = url !== locked.url; // the old address says nothing of the new one
    const failingSince = moved ? locked.failingSince : failingSinceAfter(attempt, locked, rules);
    const slow = moved ? locked.slow : isSlow(attempt);
    await noteHealth(manager, delivery.endpointId, locked, { failingSince, slow });
    const before = { manual, moved, attempts: delivery.attempts, failingSince, now: locked.now };
    const verdict = judgeAttempt(attempt, before, rules, Math.random());
    // Someone else may have moved it on, while this process stood still. But whoever got a success, the receiver has it.
    const counts = locked.unchanged || verdict.status === 'delivered';
    if (manual) await moveManual(manager, delivery, verdict);
    else if (counts) await moveScheduled(manager, delivery, verdict);
    if (verdict.status !== 'failed' || !verdict.disable) return counts ? verdict : undefined;
    return (await disable(manager, delivery.endpointId, verdict.disable)) ? verdict : undefined;
  }
}

interface Locked {
  url: string;
  failingSince: Date | null;
  slow: boolean;
  now: Date;
  /** Whether the delivery still waits for this very attempt of its schedule. At a disabled endpoint it is cancelled. */
  unchanged: boolean;
}

/** The endpoint's row first, as everywhere: so no two transactions wait for each other. */
async function lock(
  manager: EntityManager,
  { id, endpointId, attempts }: DueDelivery,
): Promise<Locked | undefined> {
  const [locked] = await sql<Locked>(
    manager,
    `SELECT url, failing_since AS "failingSince", slow, clock_timestamp() AS now,
       enabled AND status = 'pending' AND attempt_count = $3 AS unchanged
     FROM webhook_endpoint endpoint JOIN webhook_delivery delivery ON delivery.endpoint_id = endpoint.id
     WHERE endpoint.id = $1 AND delivery.id = $2 FOR NO KEY UPDATE OF endpoint, delivery`,
    [endpointId, id, attempts],
  );
  return locked;
}

async function insertAttempt(
  manager: EntityManager,
  deliveryId: string,
  manual: boolean,
  { at, durationMs, statusCode, error, response }: Attempt,
): Promise<void> {
  await sql(
    manager,
    `INSERT INTO webhook_attempt (delivery_id, number, trigger, at, duration_ms, status_code, error, response)
     SELECT $1, count(*) + 1, $2, $3, $4, $5, $6, $7 FROM webhook_attempt WHERE delivery_id = $1`,
    [deliveryId, manual ? 'manual' : 'scheduled', at, durationMs, statusCode, error, response],
  );
}

type Health = Pick<Locked, 'failingSince' | 'slow'>;

async function noteHealth(
  manager: EntityManager,
  endpointId: string,
  before: Health,
  { failingSince, slow }: Health,
): Promise<void> {
  if (slow === before.slow && failingSince?.getTime() === before.failingSince?.getTime()) return;
  await manager.update(WebhookEndpoint, { id: endpointId }, { failingSince, slow });
}

/** False when it was disabled already. What is pending is cancelled after the commit. */
async function disable(manager: EntityManager, endpointId: string, reason: string): Promise<boolean> {
  const disabled = await sql(
    manager,
    `UPDATE webhook_endpoint SET enabled = false, disabled_reason = $2 WHERE id = $1 AND enabled RETURNING id`,
    [endpointId, reason],
  );
  return disabled.length > 0;
}
