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
   * Closes the request when nothing is pending, and writes its event and deliveries in the same transaction; the caller
   * holds the row's lock. Once closed it is not closed again. Gives the endpoints to wake after the commit.
   */
  async closeIfFinished(manager: EntityManager, requestId: string): Promise<string[]> {
    const request = await this.requests.close(manager, requestId);
    if (!request) return [];
    const { status, imageCount, completedCount, failedCount } = request;
    this.logger.log(
      `request ${requestId} ${status}: ${imageCount} images, ${completedCount} completed, ${failedCount} failed`,
    );
    return this.events.recordRequestEvent(manager, request);
  }
}
