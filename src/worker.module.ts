import { Module } from '@nestjs/common';
import { SliceWorkerModule } from './processing/slice-worker.module.js';
import { DeliveryWorkerModule } from './webhooks/delivery-worker.module.js';

/** All background work: slices (with the reconciler), webhook deliveries. */
@Module({ imports: [SliceWorkerModule, DeliveryWorkerModule] })
export class WorkerModule {}
