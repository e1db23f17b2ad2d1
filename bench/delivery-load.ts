import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { JobQueues } from '../src/queue/job-queues.js';
import { postgresBackend } from '../src/queue/queue-backend.js';
import { DeliveryWakeups } from '../src/webhooks/delivery-wakeups.js';
import { newId } from '../src/webhooks/prefixed-id.js';
import { newSecret } from '../src/webhooks/secrets.js';
import type { Behaviour, DeliveryReceiver } from './delivery-receiver.js';

/** Between two portions of events, in ms. */
const PORTION_MS = 50;
/** About what a request's event holds. */
const BODY = JSON.stringify({ type: 'request.completed', data: 'x'.repeat(1200) });

export interface Endpoint {
  id: string;
  behaviour: Behaviour;
}

/** What was let happen, by the event's id: when, in ms of `performance.now()`, and how its endpoint behaves. */
export type Happened = Map<string, { at: number; behaviour: Behaviour }>;

/** Events as requests make them when they end, one endpoint each. */
export class DeliveryLoad {
  private readonly pool: Pool;
  private readonly queues: JobQueues;
  private readonly wakeups: DeliveryWakeups;

  constructor(databaseUrl: string) {
    this.pool = new Pool({ connectionString: databaseUrl, max: 4 });
    this.queues = new JobQueues(postgresBackend(databaseUrl, 'bench'));
    this.wakeups = new DeliveryWakeups(this.queues);
  }

  async addEndpoints(
    counts: Partial<Record<Behaviour, number>>,
    receiver: DeliveryReceiver,
  ): Promise<Endpoint[]> {
    const endpoints: Endpoint[] = [];
    for (const [behaviour, count] of Object.entries(counts) as [Behaviour, number][]) {
      for (let number = 0; number < count; number += 1) {
        const id = newId('whk');
        await this.pool.query(
          `INSERT INTO webhook_endpoint (id, owner_id, url, events, secret) VALUES ($1, 'bench', $2, '{}', $3)`,
          [id, receiver.url(behaviour, number), newSecret()],
        );
        endpoints.push({ id, behaviour });
      }
    }
    return endpoints;
  }

  /**
   * Lets so many events of each behaviour happen, evenly over `seconds` and in turn over its endpoints.
   */
  async send(
    endpoints: Endpoint[],
    counts: Partial<Record<Behaviour, number>>,
    seconds: number,
  ): Promise<Happened> {
    const happened: Happened = new Map();
    const begin = performance.now();
    const portions = Math.ceil((seconds * 1000) / PORTION_MS);
    for (let portion = 1; portion <= portions; portion += 1) {
      const events = Object.entries(counts).flatMap(([behaviour, count]) => {
        const own = endpoints.filter((endpoint) => endpoint.behaviour === behaviour);
        const first = Math.round((count * (portion - 1)) / portions);
        const last = Math.round((count * portion) / portions);
        return Array.from({ length: last - first }, (_, index) => ({
          id: newId('evt'),
          endpoint: own[(first + index) % own.length]!,
        }));
      });
      const at = performance.now();
      for (const { id, endpoint } of events) happened.set(id, { at, behaviour: endpoint.behaviour });
      await this.insert(events);
      await this.wakeups.wake(events.map(({ endpoint }) => endpoint.id));
      await delay(Math.max(begin + portion * PORTION_MS - performance.now(), 0));
    }
    return happened;
  }

  async close(): Promise<void> {
    await this.queues.onApplicationShutdown();
    await this.pool.end();
  }

  private async insert(events: { id: string; endpoint: Endpoint }[]): Promise<void> {
    await this.pool.query(
      `WITH event AS (
         INSERT INTO webhook_event (id, owner_id, type, body) SELECT unnest($1::text[]), 'bench', 'request.completed', $4
       )
       INSERT INTO webhook_delivery (id, owner_id, event_id, endpoint_id)
       SELECT id, 'bench', event_id, endpoint_id FROM unnest($2::text[], $1::text[], $3::text[]) AS new (id, event_id, endpoint_id)`,
      [
        events.map(({ id }) => id),
        events.map(() => newId('dlv')),
        events.map(({ endpoint }) => endpoint.id),
        BODY,
      ],
    );
  }
}
