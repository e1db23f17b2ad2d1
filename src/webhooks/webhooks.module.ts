import { Module } from '@nestjs/common';
import { RequestsModule } from '../requests/requests.module.js';
import { DeliveryWakeups } from './delivery-wakeups.js';
import { DueDeliveries } from './due-deliveries.js';
import { EndpointCleanup } from './endpoint-cleanup.js';
import { RequestEventsService } from './request-events.service.js';
import { WebhookRegistrationsService } from './webhook-registrations.service.js';

/** What others do with webhooks: register endpoints, record events, wake the workers that send. */
@Module({
  imports: [RequestsModule],
  providers: [
    WebhookRegistrationsService,
    RequestEventsService,
    DeliveryWakeups,
    DueDeliveries,
    EndpointCleanup,
  ],
  exports: [
    WebhookRegistrationsService,
    RequestEventsService,
    DeliveryWakeups,
    DueDeliveries,
    EndpointCleanup,
  ],
})
export class WebhooksModule {}
