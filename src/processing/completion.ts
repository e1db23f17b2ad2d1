import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RequestsRepository } from '../requests/requests.repository.js';
import { RequestEventsService } from '../webhooks/request-events.service.js';

/** Ends a request whose last image is done. */
@Injectable()
export class Completion {
  private readonly logger = new Logger('Request');

  constructor(
    private readonly requests: RequestsRepository,
    private readonly events: RequestEventsService,
  ) {}

  /**
   * Closes the request when nothing is pending, and writes its event and deliveries in the same transaction. Once closed
   * it is not closed again. Gives the endpoints to wake after the commit.
   *
   * The rows have the last word: closed by counters that had drifted, a request would never work its last images. For a
   * million images that is a second, once in a run.
   */
  async closeIfFinished(manager: EntityManager, requestId: string): Promise<string[]> {
    await this.recount(manager, requestId);
    const request = await this.requests.close(manager, requestId);
    if (!request) return [];
    const { status, imageCount, completedCount, failedCount } = request;
    this.logger.log(
      `request ${requestId} ${status}: ${imageCount} images, ${completedCount} completed, ${failedCount} failed`,
    );
    return this.events.recordRequestEvent(manager, request);
  }

  /** Makes the counters right, with the request's row locked until the transaction ends. */
  async recount(manager: EntityManager, requestId: string): Promise<void> {
    const request = await this.requests.lock(manager, requestId);
    if (request && (await this.requests.recount(manager, request))) {
      this.logger.error(`the counters of request ${requestId} had drifted and were counted again`);
    }
  }
}
