import { Module } from '@nestjs/common';
import { StorageModule } from '../storage/storage.module.js';
import { DownloadController } from './download.controller.js';
import { ErrorsController } from './errors.controller.js';
import { ErrorsService } from './errors.service.js';
import { ImagesService } from './images.service.js';
import { OutputService } from './output.service.js';
import { ProgressWatch } from './progress-watch.js';
import { ProgressController } from './progress.controller.js';
import { RequestsController } from './requests.controller.js';
import { RequestsModule } from './requests.module.js';

/** Reading requests over HTTP: status, progress, lists, the output CSV and the errors CSV. */
@Module({
  imports: [RequestsModule, StorageModule],
  controllers: [RequestsController, ProgressController, DownloadController, ErrorsController],
  providers: [ImagesService, OutputService, ErrorsService, ProgressWatch],
  exports: [ImagesService],
})
export class RequestsApiModule {}
