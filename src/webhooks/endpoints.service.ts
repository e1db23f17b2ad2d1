import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { cutPage } from '../requests/cursor.js';
import { EndpointCleanup } from './endpoint-cleanup.js';
import { readEventTypes } from './event-types.js';
import { findEndpoint } from './find-endpoint.js';
import { newSecret, retireSecret } from './secrets.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { assertWebhookUrl } from './webhook-url.js';
import type { WebhooksQuery } from './webhooks-query.dto.js';

export interface EndpointChange {
  enabled?: boolean;
  events?: string[];
  url?: string;
}

/** Registered endpoints; an owner sees and changes its own and nothing else. */
@Injectable()
export class EndpointsService {
  constructor(
    private readonly env: Env,
    private readonly dataSource: DataSource,
    private readonly cleanup: EndpointCleanup,
  ) {}

  /** Throws `not_found`. */
  find(ownerId: string, id: string): Promise<WebhookEndpoint> {
    return findEndpoint(this.dataSource.manager, ownerId, id);
  }

  /** The newest first. */
  async list(
    ownerId: string,
    filter: WebhooksQuery,
  ): Promise<{ endpoints: WebhookEndpoint[]; nextCursor: string | null }> {
    const query = this.dataSource
      .getRepository(WebhookEndpoint)
      .createQueryBuilder('endpoint')
      .where('endpoint.ownerId = :ownerId AND endpoint.deletedAt IS NULL', { ownerId })
      .orderBy('endpoint.id', 'DESC')
      .limit(filter.limit + 1);
    if (filter.cursor) query.andWhere('endpoint.id < :cursor', { cursor: filter.cursor });
    if (filter.request_id)
      query.andWhere('endpoint.requestId = :requestId', { requestId: filter.request_id });
    if (filter.enabled !== undefined)
      query.andWhere('endpoint.enabled = :enabled', { enabled: filter.enabled });
    const { page, nextCursor } = cutPage(await query.getMany(), filter.limit, ({ id }) => id);
    return { endpoints: page, nextCursor };
  }

  /** Throws `webhook_url_invalid`, `validation_failed` for unknown events, `not_found`. */
  async change(ownerId: string, id: string, change: EndpointChange): Promise<WebhookEndpoint> {
    const { url, enabled } = change;
    if (url !== undefined) assertWebhookUrl(url, this.env);
    const events = change.events && readEventTypes(change.events);
    const before = await this.find(ownerId, id);
    // What was pending when it was disabled stays cancelled: first all of it.
    if (enabled === true && !before.enabled) await this.cleanup.cancelPending(id);
    const changed = await this.dataSource.transaction(async (manager) => {
      const endpoint = await findEndpoint(manager, ownerId, id, 'for_no_key_update');
      const enabling = enabled === true && !endpoint.enabled;
      const disabling = enabled === false && endpoint.enabled;
      const moving = url !== undefined && url !== endpoint.url;
      const update: Partial<WebhookEndpoint> = {
        ...(events && { events }),
        ...(moving && { url }),
        ...(enabling && { enabled, disabledReason: null }),
        ...(disabling && { enabled, disabledReason: 'Its owner disabled it.' }),
        // What failed before says nothing of a new address, or of what its owner has mended.
        ...((enabling || moving) && { failingSince: null, slow: false }),
      };
      if (Object.keys(update).length > 0) await manager.update(WebhookEndpoint, { id }, update);
      return Object.assign(endpoint, update);
    });
    if (!changed.enabled) await this.cleanup.cancelPending(id);
    return changed;
  }

  /** Replaces the secret; the old one signs beside it for a day. Throws `not_found`, `too_many_secrets`. */
  async rotateSecret(ownerId: string, id: string): Promise<WebhookEndpoint> {
    return await this.dataSource.transaction(async (manager) => {
      const endpoint = await findEndpoint(manager, ownerId, id, 'for_no_key_update');
      const [clock] = await sql<{ now: Date }>(manager, 'SELECT clock_timestamp() AS now');
      const retiredSecrets = retireSecret(endpoint.secret, endpoint.retiredSecrets, clock!.now);
      const update = { secret: newSecret(), retiredSecrets };
      await manager.update(WebhookEndpoint, { id }, update);
      return Object.assign(endpoint, update);
    });
  }

  /** Deletes the endpoint: gone at once, and nothing is sent any more; what is under way ends. Its log follows. */
  async remove(ownerId: string, id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await findEndpoint(manager, ownerId, id, 'for_no_key_update');
      await sql(
        manager,
        `UPDATE webhook_endpoint SET enabled = false, deleted_at = clock_timestamp() WHERE id = $1`,
        [id],
      );
    });
    await this.cleanup.remove(id);
  }
}
