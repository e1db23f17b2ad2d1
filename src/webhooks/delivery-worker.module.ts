import { Module } from '@nestjs/common';
import { NetModule } from '../net/net.module.js';
import { AttemptRecorder } from './attempt-recorder.js';
import { DeliveryProcessor } from './delivery.processor.js';
import { EndpointLeases } from './endpoint-lease.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhooksModule } from './webhooks.module.js';

/** Sends deliveries. */
@Module({
  imports: [NetModule, WebhooksModule],
  providers: [DeliveryProcessor, EndpointLeases, WebhookSender, AttemptRecorder],
})
export class DeliveryWorkerModule {}
