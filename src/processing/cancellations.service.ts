import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem } from '../errors/problem.js';
import { imageCounts } from '../requests/request-body.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { DeliveryWakeups } from '../webhooks/delivery-wakeups.js';
import { RequestEventsService } from '../webhooks/request-events.service.js';

/** Stops requests. */
@Injectable()
export class CancellationsService {
  private readonly logger = new Logger('Request');

  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly events: RequestEventsService,
    private readonly wakeups: DeliveryWakeups,
  ) {}

  /**
   * Ends the run; what is finished stays, every other image is cancelled by that alone. Workers notice when they renew
   * a lease, and let go; what they record until then is refused. A second time it does nothing. Throws `not_found`, `already_finished`.
   */
  async cancel(ownerId: string, id: string): Promise<void> {
    const wake = await this.dataSource.transaction(async (manager) => {
      const request = await this.requests.lockOwn(manager, ownerId, id);
      if (!request) throw new Problem('not_found', 'There is no request with this id.');
      if (request.status === 'cancelled') return [];
      if (request.status === 'completed' || request.status === 'failed') {
        throw new Problem('already_finished', `It is ${request.status}: there is nothing left to stop.`);
      }
      if (request.retriedTo === null && imageCounts(request).pending === 0) {
        // Its last outcome is recorded, and the next transaction closes it.
        throw new Problem('already_finished', 'All its images have ended: there is nothing left to stop.');
      }
      const cancelled = await this.requests.end(manager, id, 'cancelled');
      this.logger.log(`request ${id} cancelled: ${imageCounts(cancelled).cancelled} images were open`);
      return this.events.recordRequestEvent(manager, cancelled);
    });
    await this.wakeups.wake(wake);
  }
}
