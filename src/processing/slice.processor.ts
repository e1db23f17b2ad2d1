import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Env } from '../config/env.js';
import type { QueueJobs } from '../queue/queues.js';
import { WorkerHost } from '../queue/worker-host.js';
import { Dispatcher } from './dispatcher.js';
import { ImagePipeline, type PipelineSignals } from './image-pipeline.js';
import { OrphanObjects } from './orphan-objects.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { keepLease } from './slice-lease.js';
import { SlicesRepository, type ClaimedSlice, type DueImage } from './slices.repository.js';
import { WorkerRegistration } from './worker-registration.js';

/** Works one pass of a slice: its due images, all at once as far as the pipeline's limits let them. */
@Injectable()
export class SliceProcessor implements OnApplicationBootstrap {
  constructor(
    private readonly host: WorkerHost,
    private readonly slices: SlicesRepository,
    private readonly pipeline: ImagePipeline,
    private readonly recorder: OutcomeRecorder,
    private readonly orphans: OrphanObjects,
    private readonly dispatcher: Dispatcher,
    private readonly worker: WorkerRegistration,
    private readonly env: Env,
  ) {}

  onApplicationBootstrap(): void {
    this.host.work('slices', (job, stopping, aborting) => this.process(job, { stopping, aborting }));
  }

  private async process(job: QueueJobs['slices'], signals: PipelineSignals): Promise<void> {
    if (signals.stopping.aborted) return;
    const slice = await this.slices.claim(job, this.worker.id);
    if (!slice) return;
    const lease = keepLease(() => this.slices.renewLease(slice), this.env.leaseMs, signals.aborting);
    try {
      const images = await this.slices.dueImages(slice);
      const inLease = { stopping: signals.stopping, aborting: lease.lost };
      await Promise.all(images.map((image) => this.processImage(slice, image, inLease)));
      // A worker before this one began the slice and did not end it; what it had put may be left lying. A slice where
      // that cannot be cleared away now stays as it is, for others to do it.
      if (slice.starts > 1 && !(await this.orphans.deleteIn(slice))) return;
    } finally {
      lease.end();
    }
    await this.dispatcher.endPass(slice);
  }

  private async processImage(slice: ClaimedSlice, image: DueImage, signals: PipelineSignals): Promise<void> {
    const { requestId, options } = slice;
    const suspect = slice.starts > 1;
    const outcome = await this.pipeline.run({ ...image, requestId, options, suspect }, signals);
    if (outcome) await this.recorder.record(slice, image.position, outcome);
  }
}
