import { Module } from '@nestjs/common';
import { ProcessingModule } from '../processing/processing.module.js';
import { UploadController } from './upload.controller.js';
import { UploadService } from './upload.service.js';

@Module({ imports: [ProcessingModule], controllers: [UploadController], providers: [UploadService] })
export class UploadModule {}
