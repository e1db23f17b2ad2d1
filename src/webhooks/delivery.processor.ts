import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { WorkerHost } from '../queue/worker-host.js';
import { AttemptRecorder } from './attempt-recorder.js';
import { DueDeliveries, type DueDelivery } from './due-deliveries.js';
import { EndpointLeases, type EndpointLease } from './endpoint-lease.js';
import { WebhookSender } from './webhook-sender.js';

/** Attempts under way at one endpoint: one slow answer does not hold up the rest, and no receiver is flooded. */
const AT_ONCE = 4;

/** Sends what is due at an endpoint that a wake-up names. */
@Injectable()
export class DeliveryProcessor implements OnApplicationBootstrap {
  constructor(
    private readonly host: WorkerHost,
    private readonly leases: EndpointLeases,
    private readonly due: DueDeliveries,
    private readonly sender: WebhookSender,
    private readonly recorder: AttemptRecorder,
  ) {}

  onApplicationBootstrap(): void {
    this.host.work('deliveries', ({ endpointId }, stopping, aborting) =>
      this.drain(endpointId, stopping, aborting),
    );
  }

  /** Sends until nothing is due any more, or `stopping`; what is under way then still ends, unless `aborting`. */
  async drain(endpointId: string, stopping: AbortSignal, aborting: AbortSignal): Promise<void> {
    const lease = await this.leases.hold(endpointId);
    if (!lease) return; // whoever has it looks again after giving it back
    // When this throws, an attempt may not be written down, and is repeated: not at once, the lease is left to run out.
    const lastLease = await this.sendDue(lease, stopping, aborting);
    if (await this.leases.giveBack(lastLease)) await this.due.wakeForNext(endpointId);
  }

  private async sendDue(
    first: EndpointLease,
    stopping: AbortSignal,
    aborting: AbortSignal,
  ): Promise<EndpointLease> {
    let lease = first;
    const underWay = new Map<string, Promise<void>>();
    try {
      while (!stopping.aborted) {
        const due = await this.due.at(lease.endpointId, AT_ONCE - underWay.size, [...underWay.keys()]);
        for (const delivery of due) {
          const attempt = this.attempt(lease, delivery, aborting).then(
            () => void underWay.delete(delivery.id),
          );
          attempt.catch(() => undefined); // it stays in the map, and the race below throws it
          underWay.set(delivery.id, attempt);
        }
        if (underWay.size === 0) break;
        await Promise.race(underWay.values());
        const renewed = await this.leases.hold(lease.endpointId, lease);
        if (!renewed) break;
        lease = renewed;
      }
      await Promise.all(underWay.values());
      return lease;
    } finally {
      await Promise.allSettled(underWay.values());
    }
  }

  private async attempt(lease: EndpointLease, delivery: DueDelivery, aborting: AbortSignal): Promise<void> {
    const attempt = await this.sender.post(lease, delivery, aborting);
    if (attempt) await this.recorder.record(delivery, attempt);
  }
}
