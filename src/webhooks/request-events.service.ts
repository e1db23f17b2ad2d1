import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import type { ProcessingRequest } from '../requests/processing-request.entity.js';
import { eventBody } from './event-body.js';
import { eventTypeOf } from './event-types.js';
import { newId } from './prefixed-id.js';

/** The event of a request that has ended, written in the transaction that makes it true (or finds it true). */
@Injectable()
export class RequestEventsService {
  constructor(private readonly env: Env) {}

  /**
   * Records that the run has ended, with a delivery for every endpoint that wants to know; again for the same run it
   * does nothing. The caller holds the lock on the request's row, which is terminal. Returns the endpoints to wake
   * after the commit.
   */
  async recordRequestEvent(manager: EntityManager, request: ProcessingRequest): Promise<string[]> {
    const type = eventTypeOf(request.status);
    const body = eventBody(type, request, request.finishedAt ?? new Date());
    const [event] = await sql<{ id: string }>(
      manager,
      `INSERT INTO webhook_event (id, owner_id, request_id, run, type, body) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (request_id, run, type) DO NOTHING RETURNING id`,
      [newId('evt'), request.ownerId, request.id, request.run, type, body],
    );
    if (!event) return [];
    // FOR SHARE: an endpoint that is being disabled has its deliveries cancelled, and must not get a pending one.
    const endpoints = await sql<Recipient>(
      manager,
      `SELECT id, enabled FROM webhook_endpoint
       WHERE owner_id = $1 AND (request_id = $2 OR request_id IS NULL) AND $3 = ANY(events) AND deleted_at IS NULL
       FOR SHARE`,
      [request.ownerId, request.id, type],
    );
    return await this.addDeliveries(manager, request.ownerId, event.id, endpoints);
  }

  /**
   * For an endpoint that was registered when the run had already ended: it gets the run's one event too. The caller
   * holds the lock on the request's row. Returns the endpoints to wake after the commit: none when it did not want it.
   */
  async recordLateDelivery(
    manager: EntityManager,
    request: ProcessingRequest,
    endpointId: string,
  ): Promise<string[]> {
    const told = await this.recordRequestEvent(manager, request);
    if (told.length > 0) return told;
    const [event] = await sql<{ id: string }>(
      manager,
      `SELECT event.id FROM webhook_event event JOIN webhook_endpoint endpoint ON event.type = ANY(endpoint.events)
       WHERE event.request_id = $1 AND event.run = $2 AND event.type = $3 AND endpoint.id = $4`,
      [request.id, request.run, eventTypeOf(request.status), endpointId],
    );
    if (!event) return [];
    return await this.addDeliveries(manager, request.ownerId, event.id, [{ id: endpointId, enabled: true }]);
  }

  /**
   * Forgets a request that is removed: its endpoints, its events and their deliveries, whoever they are for. What is
   * under way still ends. The caller holds the lock on the request's row.
   */
  async forget(manager: EntityManager, { id, ownerId }: ProcessingRequest): Promise<void> {
    // Before their deliveries, as everywhere: so no two transactions wait for each other. What else they have follows.
    await sql(
      manager,
      `UPDATE webhook_endpoint SET enabled = false, deleted_at = clock_timestamp()
       WHERE owner_id = $1 AND request_id = $2 AND deleted_at IS NULL`,
      [ownerId, id],
    );
    await sql(manager, `DELETE FROM webhook_event WHERE request_id = $1`, [id]);
  }

  /** A disabled endpoint's is cancelled from the start: so its log shows what it missed, and that can be sent later. */
  private async addDeliveries(
    manager: EntityManager,
    ownerId: string,
    eventId: string,
    recipients: Recipient[],
  ): Promise<string[]> {
    await sql(
      manager,
      `INSERT INTO webhook_delivery (id, owner_id, event_id, endpoint_id, status, next_attempt_at)
       SELECT id, $1, $2, endpoint_id, CASE WHEN enabled THEN 'pending' ELSE 'cancelled' END,
         CASE WHEN enabled THEN now() + $3 * interval '1 ms' END
       FROM unnest($4::text[], $5::text[], $6::boolean[]) AS new (id, endpoint_id, enabled)`,
      [
        ownerId,
        eventId,
        this.env.webhookRetryScheduleMs[0],
        recipients.map(() => newId('dlv')),
        recipients.map(({ id }) => id),
        recipients.map(({ enabled }) => enabled),
      ],
    );
    return recipients.filter(({ enabled }) => enabled).map(({ id }) => id);
  }
}

/** An endpoint that wants the event. */
interface Recipient {
  id: string;
  enabled: boolean;
}
