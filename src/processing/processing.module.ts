import { Module } from '@nestjs/common';
import { RequestsModule } from '../requests/requests.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { Dispatcher } from './dispatcher.js';
import { SlicesRepository } from './slices.repository.js';
import { WorkersRepository } from './workers.repository.js';

/** Producer side: what begins the processing of a request. */
@Module({
  imports: [RequestsModule, WebhooksModule],
  providers: [Dispatcher, SlicesRepository, WorkersRepository],
  exports: [Dispatcher, SlicesRepository, WorkersRepository, RequestsModule, WebhooksModule],
})
export class ProcessingModule {}
