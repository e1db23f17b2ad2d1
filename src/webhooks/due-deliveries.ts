import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { DeliveryWakeups } from './delivery-wakeups.js';

export interface DueDelivery {
  id: string;
  endpointId: string;
  eventId: string;
  body: string;
  /** Attempts of the schedule that were made before. */
  attempts: number;
  /** When somebody asked for this attempt, to the microsecond, as PostgreSQL writes it; null for one of the schedule. */
  askedAt: string | null;
}

/** Endpoints that one look wakes: about as many as a worker is done with until the next look. */
const WAKE_LIMIT = { quick: 5000, slow: 500 };

/** The schedule of all deliveries, which stands in PostgreSQL, on its clock. */
@Injectable()
export class DueDeliveries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeups: DeliveryWakeups,
  ) {}

  /**
   * Up to `limit` deliveries that are due at the endpoint, none of those `inHand`: the longest waiting first, and after
   * them those that somebody wants again, so that thousands of these do not hold up what is new.
   */
  async at(endpointId: string, limit: number, inHand: string[]): Promise<DueDelivery[]> {
    return await sql<DueDelivery>(
      this.dataSource,
      `SELECT due.id, endpoint_id AS "endpointId", event_id AS "eventId", body, attempt_count AS attempts,
         redeliver_at::text AS "askedAt"
       FROM (
         (SELECT * FROM webhook_delivery
          WHERE endpoint_id = $1 AND status = 'pending' AND next_attempt_at <= now() AND redeliver_at IS NULL
            AND id <> ALL($3)
          ORDER BY next_attempt_at LIMIT $2)
         UNION ALL
         (SELECT * FROM webhook_delivery WHERE endpoint_id = $1 AND redeliver_at IS NOT NULL AND id <> ALL($3)
          ORDER BY redeliver_at, id LIMIT $2)
       ) due JOIN webhook_event event ON event.id = event_id
       ORDER BY redeliver_at NULLS FIRST, next_attempt_at, due.id LIMIT $2`,
      [endpointId, limit, inHand],
    );
  }

  /** Wakes a worker for the endpoint when its next delivery is due: at once when one is due already. */
  async wakeForNext(endpointId: string): Promise<void> {
    const [next] = await sql<{ ms: number | null }>(
      this.dataSource,
      `SELECT extract(epoch FROM least(
         (SELECT min(next_attempt_at) FROM webhook_delivery WHERE endpoint_id = $1 AND status = 'pending'),
         (SELECT min(redeliver_at) FROM webhook_delivery WHERE endpoint_id = $1 AND redeliver_at IS NOT NULL)
       ) - clock_timestamp())::float8 * 1000 AS ms`,
      [endpointId],
    );
    if (next && next.ms !== null) await this.wakeups.wake([endpointId], Math.max(next.ms, 0));
  }

  /**
   * Wakes a worker for the endpoints that have deliveries due and nobody at it; of the slow ones some by lot, because
   * there may be more of them than places. Returns how many.
   */
  async wakeDue(): Promise<number> {
    const endpoints = await sql<{ id: string }>(
      this.dataSource,
      `WITH due AS (
         SELECT id, slow FROM webhook_endpoint JOIN (
           SELECT endpoint_id FROM webhook_delivery WHERE status = 'pending' AND next_attempt_at <= now()
           UNION SELECT endpoint_id FROM webhook_delivery WHERE redeliver_at IS NOT NULL
         ) delivery ON endpoint_id = id
         WHERE enabled AND (lease_until IS NULL OR lease_until <= now())
       )
       (SELECT id FROM due WHERE NOT slow LIMIT ${WAKE_LIMIT.quick})
       UNION ALL
       (SELECT id FROM due WHERE slow ORDER BY random() LIMIT ${WAKE_LIMIT.slow})`,
    );
    await this.wakeups.wake(endpoints.map(({ id }) => id));
    return endpoints.length;
  }
}
