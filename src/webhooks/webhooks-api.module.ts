import { Module } from '@nestjs/common';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { EndpointsController } from './endpoints.controller.js';
import { EndpointsService } from './endpoints.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksModule } from './webhooks.module.js';

/** The routes of webhooks. */
@Module({
  imports: [WebhooksModule],
  controllers: [WebhooksController, EndpointsController, DeliveriesController],
  providers: [EndpointsService, DeliveriesService],
})
export class WebhooksApiModule {}
