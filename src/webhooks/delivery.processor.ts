import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { WorkerHost } from '../queue/worker-host.js';
import { AttemptRecorder } from './attempt-recorder.js';
import { DeliveryWakeups } from './delivery-wakeups.js';
import { DueDeliveries, type DueDelivery } from './due-deliveries.js';
import { EndpointLeases, type EndpointLease } from './endpoint-lease.js';
import { SlowPlaces } from './slow-places.js';
import { WebhookSender } from './webhook-sender.js';

/** Attempts under way at one endpoint: one slow answer does not hold up the rest, and no receiver is flooded. */
const AT_ONCE = 4;
/** An endpoint that lets us wait longer than this (ms) does not hold up others: its job goes on beside the queue. */
const LATE = 1000;
/** While attempts hang and there is room for others, what has come meanwhile is looked for this often, in ms. */
const LOOK_EVERY = 1000;
/** An endpoint with thousands of deliveries due goes to the end of the queue after this time, in ms. */
const TURN = 30_000;

/** Sends what is due at an endpoint that a wake-up names. */
@Injectable()
export class DeliveryProcessor implements OnApplicationBootstrap {
  private readonly slowPlaces = new SlowPlaces();

  constructor(
    private readonly host: WorkerHost,
    private readonly leases: EndpointLeases,
    private readonly due: DueDeliveries,
    private readonly wakeups: DeliveryWakeups,
    private readonly sender: WebhookSender,
    private readonly recorder: AttemptRecorder,
  ) {}

  onApplicationBootstrap(): void {
    this.host.work('deliveries', ({ endpointId }, { stopping, aborting, stepAside }) => {
      const late = setTimeout(stepAside, LATE);
      return this.drain(endpointId, stopping, aborting).finally(() => clearTimeout(late));
    });
  }

  /** Sends what is due; `stopping` begins nothing new, what is under way then still ends, unless `aborting`. */
  async drain(endpointId: string, stopping: AbortSignal, aborting: AbortSignal): Promise<void> {
    const lease = await this.leases.hold(endpointId);
    if (!lease) return; // whoever has it looks again after giving it back
    if (lease.slow && !this.slowPlaces.take(endpointId)) return void (await this.leases.giveBack(lease));
    let givenBack = false;
    try {
      // When this throws, an attempt may not be written down, and is repeated: not at once, the lease is left to run out.
      givenBack = await this.leases.giveBack(await this.sendTurn(lease, stopping, aborting));
    } finally {
      if (lease.slow) await this.wakeups.wake(this.slowPlaces.free());
    }
    if (givenBack) await this.due.wakeForNext(endpointId);
  }

  /** One turn: as long as something is due, up to a time. For a slow endpoint it is the attempts that begin at once. */
  private async sendTurn(
    first: EndpointLease,
    stopping: AbortSignal,
    aborting: AbortSignal,
  ): Promise<EndpointLease> {
    let lease = first;
    const underWay = new Map<string, Promise<void>>();
    const end = performance.now() + TURN;
    try {
      for (let begun = false; !stopping.aborted && performance.now() < end; begun = true) {
        const due = await this.due.at(lease.endpointId, AT_ONCE - underWay.size, [...underWay.keys()]);
        if (begun && due.length > 0) {
          // Every attempt begins with a lease that is longer than it.
          const renewed = await this.leases.hold(lease.endpointId, lease);
          if (!renewed) break;
          lease = renewed;
          if (lease.slow) break; // it has become so, and needs a place for such
        }
        for (const delivery of due) {
          const attempt = this.attempt(lease, delivery, aborting).then(
            () => void underWay.delete(delivery.id),
          );
          attempt.catch(() => undefined); // it stays in the map, and the race below throws it
          underWay.set(delivery.id, attempt);
        }
        if (underWay.size === 0 || lease.slow) break;
        await oneEnds([...underWay.values()], underWay.size < AT_ONCE ? LOOK_EVERY : undefined);
      }
      await Promise.all(underWay.values());
      return lease;
    } finally {
      await Promise.allSettled(underWay.values());
    }
  }

  private async attempt(lease: EndpointLease, delivery: DueDelivery, aborting: AbortSignal): Promise<void> {
    const attempt = await this.sender.post(lease, delivery, aborting);
    if (attempt) await this.recorder.record(delivery, lease.url, attempt);
  }
}

/** Resolves when one of the attempts has ended, or after `limitMs`. */
async function oneEnds(attempts: Promise<void>[], limitMs?: number): Promise<void> {
  if (limitMs === undefined) return await Promise.race(attempts);
  const timer = new AbortController();
  const late = delay(limitMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([...attempts, late]).finally(() => timer.abort());
}
