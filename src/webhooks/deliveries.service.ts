import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { Problem } from '../errors/problem.js';
import { cutPage } from '../requests/cursor.js';
import { readDeliveries, type LoggedDelivery } from './delivery-log.js';
import { DeliveryWakeups } from './delivery-wakeups.js';
import { testBody } from './event-body.js';
import { TEST_EVENT_TYPE } from './event-types.js';
import { findEndpoint } from './find-endpoint.js';
import { isPrefixedId, newId } from './prefixed-id.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { DeliveriesQuery } from './webhooks-query.dto.js';

/** Deliveries that one statement asks for: thousands more would hold the endpoint's lock for too long. */
const ASKED_AT_ONCE = 5000;

/** The delivery log of endpoints, and deliveries that somebody asks for. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeups: DeliveryWakeups,
  ) {}

  /** Throws `not_found` for what does not exist, is malformed, or belongs to someone else. */
  async find(ownerId: string, id: string): Promise<LoggedDelivery> {
    const [delivery] = isPrefixedId('dlv', id)
      ? await readDeliveries(this.dataSource, { ownerId, id, limit: 1 })
      : [];
    if (!delivery) throw new Problem('not_found', 'There is no delivery with this id.');
    return delivery;
  }

  /** The newest first. Throws `not_found` for the endpoint. */
  async list(
    ownerId: string,
    endpointId: string,
    filter: DeliveriesQuery,
  ): Promise<{ deliveries: LoggedDelivery[]; nextCursor: string | null }> {
    await findEndpoint(this.dataSource.manager, ownerId, endpointId);
    const { limit, cursor, status, type, request_id, created_after, created_before } = filter;
    const found = await readDeliveries(this.dataSource, {
      ownerId,
      endpointId,
      status,
      type,
      requestId: request_id,
      createdAfter: created_after,
      createdBefore: created_before,
      before: cursor,
      limit: limit + 1,
    });
    const { page, nextCursor } = cutPage(found, limit, ({ id }) => id);
    return { deliveries: page, nextCursor };
  }

  /** Asks for one attempt more, whatever came of the others. Throws `not_found`, `webhook_disabled`. */
  async redeliver(ownerId: string, id: string): Promise<LoggedDelivery> {
    const { endpointId } = await this.find(ownerId, id);
    await this.ask(ownerId, endpointId, (manager) =>
      sql(manager, `UPDATE webhook_delivery SET redeliver_at = clock_timestamp() WHERE id = $1`, [id]),
    );
    return await this.find(ownerId, id);
  }

  /**
   * Asks for one attempt more of each delivery since then that failed or was cancelled, but of no test. Returns how many.
   * Throws `not_found`, `webhook_disabled`.
   */
  async redeliverSince(ownerId: string, endpointId: string, since: Date): Promise<number> {
    let count = 0;
    for (let last = ''; ;) {
      const batch = await this.ask(ownerId, endpointId, (manager) =>
        sql<{ id: string }>(manager, ASK_SINCE, [endpointId, since, last, ASKED_AT_ONCE]),
      );
      count += batch.length;
      if (batch.length < ASKED_AT_ONCE) return count;
      last = batch.reduce((highest, { id }) => (id > highest ? id : highest), last);
    }
  }

  /** Asks for a test event at the endpoint: one attempt, beside all schedules. Throws `not_found`, `webhook_disabled`. */
  async sendTest(ownerId: string, endpointId: string): Promise<LoggedDelivery> {
    const [delivery] = await this.ask(ownerId, endpointId, (manager, endpoint) =>
      sql<{ id: string }>(
        manager,
        `WITH event AS (
           INSERT INTO webhook_event (id, owner_id, type, body) VALUES ($1, $2, $3, $4) RETURNING id, owner_id
         )
         INSERT INTO webhook_delivery (id, owner_id, event_id, endpoint_id, next_attempt_at, redeliver_at)
         SELECT $5, owner_id, id, $6, NULL, clock_timestamp() FROM event RETURNING id`,
        [newId('evt'), ownerId, TEST_EVENT_TYPE, testBody(endpoint, new Date()), newId('dlv'), endpointId],
      ),
    );
    return await this.find(ownerId, delivery!.id);
  }

  /** In a transaction in which the endpoint stays enabled; wakes a worker after it. */
  private async ask<Result>(
    ownerId: string,
    endpointId: string,
    statement: (manager: DataSource['manager'], endpoint: WebhookEndpoint) => Promise<Result>,
  ): Promise<Result> {
    const result = await this.dataSource.transaction(async (manager) => {
      const endpoint = await findEndpoint(manager, ownerId, endpointId, 'for_no_key_update');
      if (!endpoint.enabled) {
        throw new Problem(
          'webhook_disabled',
          `${endpoint.disabledReason} Enable it first: PATCH /api/webhooks/${endpointId} with {"enabled": true}.`,
        );
      }
      return await statement(manager, endpoint);
    });
    await this.wakeups.wake([endpointId]);
    return result;
  }
}

/** One time for all of a batch: so they are sent in the order of their ids, not in that in which they were found. */
const ASK_SINCE = `
  UPDATE webhook_delivery SET redeliver_at = statement_timestamp()
  WHERE id IN (
    SELECT id FROM webhook_delivery
    WHERE endpoint_id = $1 AND status IN ('failed', 'cancelled') AND created_at >= $2 AND id > $3
      AND NOT EXISTS (SELECT FROM webhook_event WHERE id = event_id AND type = '${TEST_EVENT_TYPE}')
    ORDER BY id LIMIT $4
  )
  RETURNING id`;
