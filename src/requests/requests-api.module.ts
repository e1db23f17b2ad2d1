import { Module } from '@nestjs/common';
import { StorageModule } from '../storage/storage.module.js';
import { DownloadController } from './download.controller.js';
import { ImagesService } from './images.service.js';
import { OutputService } from './output.service.js';
import { ProgressWatch } from './progress-watch.js';
import { ProgressController } from './progress.controller.js';
import { RequestsController } from './requests.controller.js';
import { RequestsModule } from './requests.module.js';

/** Reading requests over HTTP: status, progress, lists and the output CSV. */
@Module({
  imports: [RequestsModule, StorageModule],
  controllers: [RequestsController, ProgressController, DownloadController],
  providers: [ImagesService, OutputService, ProgressWatch],
})
export class RequestsApiModule {}
