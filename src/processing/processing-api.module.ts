import { Module } from '@nestjs/common';
import { RequestsApiModule } from '../requests/requests-api.module.js';
import { ProcessingModule } from './processing.module.js';
import { RunsController } from './runs.controller.js';

/** Acting on requests over HTTP: cancel, retry, delete. */
@Module({ imports: [ProcessingModule, RequestsApiModule], controllers: [RunsController] })
export class ProcessingApiModule {}
