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
    // FOR SHARE: an endpoint that is being disabled has its deliveries cancelled, and must not get another one.
    const endpoints = await sql<{ id: string }>(
      manager,
      `SELECT id FROM webhook_endpoint
       WHERE owner_id = $1 AND (request_id = $2 OR request_id IS NULL) AND enabled AND $3 = ANY(events) FOR SHARE`,
      [request.ownerId, request.id, type],
    );
    const endpointIds = endpoints.map(({ id }) => id);
    await this.addDeliveries(manager, request.ownerId, event.id, endpointIds);
    return endpointIds;
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
    await this.addDeliveries(manager, request.ownerId, event.id, [endpointId]);
    return [endpointId];
  }

  private async addDeliveries(
    manager: EntityManager,
    ownerId: string,
    eventId: string,
    endpointIds: string[],
  ): Promise<void> {
    if (endpointIds.length === 0) return;
    const ids = endpointIds.map(() => newId('dlv'));
    await sql(
      manager,
      `INSERT INTO webhook_delivery (id, owner_id, event_id, endpoint_id, next_attempt_at)
       SELECT id, $1, $2, endpoint_id, now() + $3 * interval '1 ms'
       FROM unnest($4::text[], $5::text[]) AS new (id, endpoint_id)`,
      [ownerId, eventId, this.env.webhookRetryScheduleMs[0], ids, endpointIds],
    );
  }
}
