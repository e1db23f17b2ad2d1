import { Module } from '@nestjs/common';
import { NetModule } from '../net/net.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { Completion } from './completion.js';
import { DecodeMarks } from './decode-marks.js';
import { HostLimits } from './host-limits.js';
import { ImageCompressor } from './image-compressor.js';
import { ImageDownloader } from './image-downloader.js';
import { ImagePipeline } from './image-pipeline.js';
import { LeftSlices } from './left-slices.js';
import { OpenRequests } from './open-requests.js';
import { OrphanObjects } from './orphan-objects.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { OutputStore } from './output-store.js';
import { PipelineLimits } from './pipeline-limits.js';
import { ProcessingModule } from './processing.module.js';
import { Reconciler } from './reconciler.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { RemovedRequests } from './removed-requests.js';
import { SliceProcessor } from './slice.processor.js';
import { WorkerRegistration } from './worker-registration.js';

/** Consumer side: works slices, and makes up for lost wake-ups. */
@Module({
  imports: [ProcessingModule, StorageModule, NetModule],
  providers: [
    WorkerRegistration,
    SliceProcessor,
    ImagePipeline,
    PipelineLimits,
    HostLimits,
    ImageDownloader,
    ImageCompressor,
    DecodeMarks,
    OrphanObjects,
    OutcomeRecorder,
    OutcomesRepository,
    OutputStore,
    Completion,
    RemovedRequests,
    Reconciler,
    OpenRequests,
    LeftSlices,
    ReconcilerRepository,
  ],
  exports: [Reconciler],
})
export class SliceWorkerModule {}
