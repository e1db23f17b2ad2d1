import { Module } from '@nestjs/common';
import { IdempotencyKeys } from './idempotency-keys.js';
import { OpenLimits } from './open-limits.js';
import { RequestsRepository } from './requests.repository.js';
import { RequestsService } from './requests.service.js';

/** Requests for the other modules: finding, listing, and every statement that races. */
@Module({
  providers: [RequestsRepository, RequestsService, IdempotencyKeys, OpenLimits],
  exports: [RequestsRepository, RequestsService, IdempotencyKeys, OpenLimits],
})
export class RequestsModule {}
