import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { DeliveryWakeups } from './delivery-wakeups.js';

export interface DueDelivery {
  id: string;
  endpointId: string;
  eventId: string;
  body: string;
  /** Attempts made before. */
  attempts: number;
}

/** Of endpoints that one look wakes; the next look comes soon. */
const WAKE_LIMIT = 1000;

/** The schedule of all deliveries, which stands in PostgreSQL, on its clock. */
@Injectable()
export class DueDeliveries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeups: DeliveryWakeups,
  ) {}

  /** Up to `limit` deliveries that are due at the endpoint, the longest waiting first; none of those `inHand`. */
  async at(endpointId: string, limit: number, inHand: string[]): Promise<DueDelivery[]> {
    return await sql<DueDelivery>(
      this.dataSource,
      `SELECT delivery.id, endpoint_id AS "endpointId", event_id AS "eventId", body, attempt_count AS attempts
       FROM webhook_delivery delivery JOIN webhook_event event ON event.id = event_id
       WHERE endpoint_id = $1 AND status = 'pending' AND next_attempt_at <= clock_timestamp() AND delivery.id <> ALL($3)
       ORDER BY next_attempt_at LIMIT $2`,
      [endpointId, limit, inHand],
    );
  }

  /** Wakes a worker for the endpoint when its next delivery is due: at once when one is due already. */
  async wakeForNext(endpointId: string): Promise<void> {
    const [next] = await sql<{ ms: number | null }>(
      this.dataSource,
      `SELECT extract(epoch FROM min(next_attempt_at) - clock_timestamp())::float8 * 1000 AS ms
       FROM webhook_delivery WHERE endpoint_id = $1 AND status = 'pending'`,
      [endpointId],
    );
    if (next && next.ms !== null) await this.wakeups.wake([endpointId], Math.max(next.ms, 0));
  }

  /** Wakes a worker for every endpoint that has deliveries due and nobody at it. Returns how many were found. */
  async wakeDue(): Promise<number> {
    const endpoints = await sql<{ id: string }>(
      this.dataSource,
      `SELECT DISTINCT endpoint.id FROM webhook_delivery JOIN webhook_endpoint endpoint ON endpoint.id = endpoint_id
       WHERE status = 'pending' AND next_attempt_at <= now()
         AND enabled AND (lease_until IS NULL OR lease_until <= now())
       LIMIT ${WAKE_LIMIT}`,
    );
    await this.wakeups.wake(endpoints.map(({ id }) => id));
    return endpoints.length;
  }
}
