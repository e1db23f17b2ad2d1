import { Module } from '@nestjs/common';
import { RequestsModule } from '../requests/requests.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { CancellationsService } from './cancellations.service.js';
import { Dispatcher } from './dispatcher.js';
import { RemovalsService } from './removals.service.js';
import { RetriesRepository } from './retries.repository.js';
import { RetriesService } from './retries.service.js';
import { SlicesRepository } from './slices.repository.js';
import { WorkersRepository } from './workers.repository.js';

/** Producer side: what begins the processing of a request, stops it, begins it anew and removes it. */
@Module({
  imports: [RequestsModule, WebhooksModule],
  providers: [
    Dispatcher,
    SlicesRepository,
    WorkersRepository,
    CancellationsService,
    RetriesService,
    RetriesRepository,
    RemovalsService,
  ],
  exports: [
    Dispatcher,
    SlicesRepository,
    WorkersRepository,
    CancellationsService,
    RetriesService,
    RemovalsService,
    RequestsModule,
    WebhooksModule,
  ],
})
export class ProcessingModule {}
