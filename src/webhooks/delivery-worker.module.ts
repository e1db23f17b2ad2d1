import { Module } from '@nestjs/common';
import { CONNECTIONS_PER_HOST, GuardedFetch } from '../net/guarded-fetch.js';
import { AttemptRecorder } from './attempt-recorder.js';
import { DeliveryProcessor } from './delivery.processor.js';
import { EndpointLeases } from './endpoint-lease.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhooksModule } from './webhooks.module.js';

/**
 * Sends deliveries. Its connections are its own and not counted by host: many endpoints may be at one, and an attempt that
 * waited behind those that hang would be over before it began. Each endpoint has its limit.
 */
@Module({
  imports: [WebhooksModule],
  providers: [
    DeliveryProcessor,
    EndpointLeases,
    WebhookSender,
    AttemptRecorder,
    GuardedFetch,
    { provide: CONNECTIONS_PER_HOST, useValue: null },
  ],
})
export class DeliveryWorkerModule {}
