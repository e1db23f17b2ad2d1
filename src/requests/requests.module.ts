import { Module } from '@nestjs/common';
import { IdempotencyKeys } from './idempotency-keys.js';
import { RequestsRepository } from './requests.repository.js';
import { RequestsService } from './requests.service.js';

/** Requests for the other modules: finding, listing, and every statement that races. */
@Module({
  providers: [RequestsRepository, RequestsService, IdempotencyKeys],
  exports: [RequestsRepository, RequestsService, IdempotencyKeys],
})
export class RequestsModule {}
