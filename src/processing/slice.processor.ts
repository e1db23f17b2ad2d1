import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Env } from '../config/env.js';
import type { QueueJobs } from '../queue/queues.js';
import { WorkerHost, type JobControls } from '../queue/worker-host.js';
import { Dispatcher } from './dispatcher.js';
import { ImagePipeline } from './image-pipeline.js';
import { OrphanObjects } from './orphan-objects.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import { keepLease } from './slice-lease.js';
import { SliceLoad } from './slice-load.js';
import { SlicesRepository, type ClaimedSlice, type DueImage } from './slices.repository.js';
import { WorkerRegistration } from './worker-registration.js';

/** The reconciler makes up for what was not put on the queue. */
const ignore = (): void => undefined;

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
    for (const name of ['slices', 'small-slices'] as const) {
      this.host.work(name, (job, controls) => this.process(job, controls));
    }
  }

  private async process(job: QueueJobs['slices'], controls: JobControls): Promise<void> {
    const { stopping, aborting } = controls;
    if (stopping.aborted) return;
    const slice = await this.slices.claim(job, this.worker.id);
    if (!slice) return;
    const lease = keepLease(() => this.slices.renewLease(slice), this.env.leaseMs, aborting);
    try {
      const images = await this.slices.dueImages(slice);
      const load = this.loadOf(slice, images, controls);
      const inLease = { stopping, aborting: lease.lost, load };
      await Promise.all(images.map((image) => this.processImage(slice, image, inLease)));
      // A worker before this one began the slice and did not end it; what it had put may be left lying. A slice where
      // that cannot be cleared away now stays as it is, for others to do it.
      if (slice.starts > 1 && !(await this.orphans.deleteIn(slice))) return;
    } finally {
      lease.end();
    }
    await this.dispatcher.endPass(slice);
  }

  /** A slice that needs this process no more gives its slot to the next: many wait for slow hosts at no other cost. */
  private loadOf(slice: ClaimedSlice, images: DueImage[], { stepAside }: JobControls): SliceLoad {
    return new SliceLoad(
      images.map(({ position }) => position),
      (waits) => {
        stepAside();
        // When it is only to be recorded, its end follows at once, and that refills.
        if (waits) void this.dispatcher.refill(slice).catch(ignore);
      },
    );
  }

  private async processImage(
    slice: ClaimedSlice,
    image: DueImage,
    { load, ...signals }: { stopping: AbortSignal; aborting: AbortSignal; load: SliceLoad },
  ): Promise<void> {
    const { requestId, options } = slice;
    const { position } = image;
    const suspect = slice.starts > 1;
    const onHostWait = (waits: boolean): void => load.hostWait(position, waits);
    const outcome = await this.pipeline.run(
      { ...image, requestId, options, suspect },
      { ...signals, onHostWait },
    );
    // Not when it was put off: passes that do nothing else would follow each other as fast as they can.
    if (outcome?.kind !== 'postponed') load.done(position);
    if (outcome) await this.recorder.record(slice, position, outcome);
    load.done(position);
  }
}
