import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { Problem } from '../errors/problem.js';
import type { ProcessingRequest } from '../requests/processing-request.entity.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { isTerminal } from '../requests/request-status.js';
import { RequestEventsService } from '../webhooks/request-events.service.js';

/** Expired requests that one round marks; the next round comes soon. */
const EXPIRED_AT_ONCE = 500;

/** Marks requests as deleted: from then on they are gone for everybody, and RemovedRequests clears away what is left. */
@Injectable()
export class RemovalsService {
  private readonly logger = new Logger('Request');

  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly events: RequestEventsService,
    private readonly env: Env,
  ) {}

  /** Throws `not_found`, `not_terminal`. */
  async remove(ownerId: string, id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lockOwn(manager, ownerId, id);
      if (!request) throw new Problem('not_found', 'There is no request with this id.');
      if (!isTerminal(request.status)) {
        throw new Problem('not_terminal', `It is ${request.status}: cancel it first, or wait for its end.`);
      }
      await this.mark(manager, request, 'as asked');
    });
  }

  /** Removes requests whose time is over (RETENTION_DAYS). Gives how many. */
  async removeExpired(): Promise<number> {
    if (this.env.retentionDays === 0) return 0;
    const expired = await sql<{ id: string; expiresAt: Date }>(
      this.dataSource,
      `SELECT id, expires_at AS "expiresAt" FROM processing_request WHERE expires_at <= now() AND deleted_at IS NULL
       ORDER BY expires_at LIMIT ${EXPIRED_AT_ONCE}`,
    );
    for (const { id, expiresAt } of expired) {
      // One that cannot be removed must not keep the others from it.
      await this.removeOne(id, expiresAt).catch((error: Error) =>
        this.logger.warn(`request ${id} is not removed yet, it follows: ${error.message}`),
      );
    }
    return expired.length;
  }

  private async removeOne(id: string, expiresAt: Date): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lock(manager, id);
      // A retry may have come first; its run has no time to expire at, or a later one.
      const isExpired = request?.expiresAt?.getTime() === expiresAt.getTime() && !request.deletedAt;
      if (isExpired) await this.mark(manager, request, 'its time is over');
    });
  }

  private async mark(manager: EntityManager, request: ProcessingRequest, why: string): Promise<void> {
    await sql(manager, `UPDATE processing_request SET deleted_at = now() WHERE id = $1`, [request.id]);
    await this.events.forget(manager, request);
    this.logger.log(`request ${request.id} deleted, ${why}: ${request.imageCount} images`);
  }
}
