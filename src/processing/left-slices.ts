import { Injectable, Logger } from '@nestjs/common';
import { OrphanObjects } from './orphan-objects.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import type { LeftSlice } from './slices.repository.js';

/** Slices of runs that were over (cancelled, or closed by others) before their workers had ended them. */
@Injectable()
export class LeftSlices {
  private readonly logger = new Logger('Reconciler');

  constructor(
    private readonly repository: ReconcilerRepository,
    private readonly orphans: OrphanObjects,
  ) {}

  /** Ends them; what workers that died had put and not recorded goes. */
  async end(stopping: AbortSignal): Promise<void> {
    await this.repository.dropUnbegun();
    const byRequest = new Map<string, LeftSlice[]>();
    for (const slice of await this.repository.leftSlices()) {
      byRequest.set(slice.requestId, [...(byRequest.get(slice.requestId) ?? []), slice]);
    }
    for (const [requestId, slices] of byRequest) {
      if (stopping.aborted) return;
      // A request whose objects cannot be read must not keep the others from it.
      await this.orphans
        .deleteLeft(slices)
        .catch((error: Error) =>
          this.logger.warn(`what workers left of request ${requestId} stays for now: ${error.message}`),
        );
    }
  }
}
