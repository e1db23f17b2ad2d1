import { Module } from '@nestjs/common';
import { ProblemsController } from './errors/problems.controller.js';
import { HomeController } from './home.controller.js';
import { ProcessingApiModule } from './processing/processing-api.module.js';
import { RequestsApiModule } from './requests/requests-api.module.js';
import { FilesModule } from './storage/files.module.js';
import { UploadModule } from './upload/upload.module.js';
import { WebhooksApiModule } from './webhooks/webhooks-api.module.js';

/** What an API process runs. */
@Module({
  imports: [UploadModule, RequestsApiModule, ProcessingApiModule, WebhooksApiModule, FilesModule],
  controllers: [ProblemsController, HomeController],
})
export class ApiModule {}
