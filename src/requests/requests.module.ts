import { Module } from '@nestjs/common';
import { RequestsRepository } from './requests.repository.js';
import { RequestsService } from './requests.service.js';

/** Requests for the other modules: finding, listing, and every statement that races. */
@Module({
  providers: [RequestsRepository, RequestsService],
  exports: [RequestsRepository, RequestsService],
})
export class RequestsModule {}
