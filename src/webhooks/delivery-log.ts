import { sql, type Runner } from '../database/sql.js';
import type { AttemptBody } from './deliveries.dto.js';
import type { EventType } from './event-types.js';
import type { DeliveryStatus } from './webhook-delivery.entity.js';

/** A delivery with its event and its attempts, as one moment saw them. */
export interface LoggedDelivery {
  id: string;
  endpointId: string;
  eventId: string;
  type: EventType;
  requestId: string | null;
  status: DeliveryStatus;
  createdAt: Date;
  nextAttemptAt: Date | null;
  /** By number; null when there is none. */
  attempts: AttemptBody[] | null;
}

export interface DeliveryFilter {
  ownerId: string;
  id?: string;
  endpointId?: string;
  status?: DeliveryStatus;
  type?: EventType;
  requestId?: string;
  createdAfter?: Date;
  createdBefore?: Date;
  /** Only ids before this one. */
  before?: string;
  limit: number;
}

/** Of a delivery's attempts, the latest; each may hold 16 kB, and who asks for more of them can go on for ever. */
const MAX_ATTEMPTS = 50;

/** Times inside JSON are PostgreSQL's text: made the same as all others. */
const isoTime = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * The newest first, in one statement, so that no delivery has an attempt more or less than its status says. The page is
 * cut before the attempts are read: else those of all deliveries are, while the tables have no statistics.
 */
export async function readDeliveries(runner: Runner, filter: DeliveryFilter): Promise<LoggedDelivery[]> {
  const values: unknown[] = [];
  const where = (condition: (parameter: string) => string, value: unknown): string[] =>
    value === undefined ? [] : [condition(`$${values.push(value)}`)];
  const conditions = [
    'NOT EXISTS (SELECT FROM webhook_endpoint WHERE id = endpoint_id AND deleted_at IS NOT NULL)',
    ...where((value) => `owner_id = ${value}`, filter.ownerId),
    ...where((value) => `id = ${value}`, filter.id),
    ...where((value) => `endpoint_id = ${value}`, filter.endpointId),
    ...where((value) => `status = ${value}`, filter.status),
    ...where((value) => `event_id IN (SELECT id FROM webhook_event WHERE type = ${value})`, filter.type),
    ...where(
      (value) => `event_id IN (SELECT id FROM webhook_event WHERE request_id = ${value})`,
      filter.requestId,
    ),
    // Callers know times to the millisecond, the database to the microsecond: compared as callers see them.
    ...where((value) => `date_trunc('milliseconds', created_at) > ${value}`, filter.createdAfter),
    ...where((value) => `date_trunc('milliseconds', created_at) < ${value}`, filter.createdBefore),
    ...where((value) => `id < ${value}`, filter.before),
  ];
  return await sql<LoggedDelivery>(
    runner,
    `SELECT delivery.id, endpoint_id AS "endpointId", event_id AS "eventId", type, event.request_id AS "requestId",
       status, delivery.created_at AS "createdAt", least(next_attempt_at, redeliver_at) AS "nextAttemptAt", attempts
     FROM (
       SELECT * FROM webhook_delivery WHERE ${conditions.join(' AND ')}
       ORDER BY id DESC LIMIT $${values.push(filter.limit)}
     ) delivery
     JOIN webhook_event event ON event.id = event_id
     LEFT JOIN LATERAL (
       SELECT json_agg(attempt ORDER BY number) AS attempts FROM (
         SELECT number, trigger, ${isoTime('at')} AS at, duration_ms, status_code, error, response
         FROM webhook_attempt WHERE delivery_id = delivery.id ORDER BY number DESC LIMIT ${MAX_ATTEMPTS}
       ) attempt
     ) log ON true
     ORDER BY delivery.id DESC`,
    values,
  );
}
