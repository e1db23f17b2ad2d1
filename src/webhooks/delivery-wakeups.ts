import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { JobQueues } from '../queue/job-queues.js';

/** Delayed wake-ups of one endpoint for the same quarter of a second are one. */
const GRID_MS = 250;

/** Tells the workers that an endpoint has deliveries. Best effort: what is lost here, `DueDeliveries` finds. */
@Injectable()
export class DeliveryWakeups {
  constructor(private readonly queues: JobQueues) {}

  async wake(endpointIds: string[], delayMs = 0): Promise<void> {
    const { moment, delay } = delayMs > 0 ? onGrid(Date.now(), delayMs) : atOnce();
    await this.queues.enqueue(
      'deliveries',
      endpointIds.map((endpointId) => ({
        id: `${endpointId}-${moment}`,
        data: { endpointId },
        delayMs: delay,
      })),
    );
  }
}

/** An id of its own: a job of the same id that is just ending would swallow this one, and it has already looked. */
function atOnce(): { moment: string; delay: number } {
  return { moment: uuidv7(), delay: 0 };
}

/** Rounded up, so that the job of this id is not running before its moment, and a later wake-up has a later id. */
function onGrid(now: number, delayMs: number): { moment: string; delay: number } {
  const tick = Math.ceil((now + delayMs) / GRID_MS);
  return { moment: `at-${tick}`, delay: tick * GRID_MS - now };
}
