import { Module } from '@nestjs/common';
import { ProcessingModule } from '../processing/processing.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { UploadController } from './upload.controller.js';
import { UploadGate } from './upload-gate.js';
import { UploadService } from './upload.service.js';

@Module({
  imports: [ProcessingModule, StorageModule],
  controllers: [UploadController],
  providers: [UploadGate, UploadService],
})
export class UploadModule {}
