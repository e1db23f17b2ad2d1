import { AsyncResource } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Any, DataSource, IsNull } from 'typeorm';
import { Problem } from '../errors/problem.js';
import { EventStream } from './event-stream.js';
import { ProcessingRequest } from './processing-request.entity.js';
import { progressSnapshot, progressState, type ProgressSnapshot } from './progress-snapshot.js';
import { requestBody } from './request-body.js';

/** Of one owner in this process; each costs some 40 kB and a descriptor. */
const MAX_STREAMS = 1000;
/** Between two looks (ms): a listener is told at most twice a second. */
const LOOK_EVERY = 500;

interface Watched {
  latest: ProgressSnapshot;
  streams: Set<EventStream>;
}

/**
 * Tells listeners how requests get on. While somebody listens, one query every half second reads all requests that are
 * listened to, whoever works on them. PostgreSQL could notify instead, but a notification can be lost, costs a lock at
 * every commit and a connection of its own, and does not pass a pooler; a look that fails is made good by the next.
 */
@Injectable()
export class ProgressWatch implements OnModuleDestroy {
  private readonly logger = new Logger('Progress');
  /** How many are open, by owner. */
  private readonly open = new Map<string, number>();
  /** By request id. */
  private readonly watched = new Map<string, Watched>();
  private readonly closing = new AbortController();
  private looking = false;
  private failing = false;
  /** The looking belongs to nobody's HTTP request: it would be logged under the id of the first. */
  private readonly scope = new AsyncResource('ProgressWatch');

  constructor(private readonly dataSource: DataSource) {}

  /**
   * A stream of the events of the request, which was just read. Whoever does not read it to its end destroys it. Throws
   * `too_many_streams`.
   */
  listen(request: ProcessingRequest): EventStream {
    this.assertRoom(request.ownerId);
    const stream = new EventStream();
    this.count(request.ownerId, 1);
    stream.once('close', () => this.count(request.ownerId, -1));
    const snapshot = progressSnapshot(requestBody(request, new Date()));
    stream.show(snapshot);
    // The process ends: the client comes back to another one, or to the next.
    if (this.closing.signal.aborted) stream.finish();
    this.add(request.id, stream, snapshot);
    return stream;
  }

  /** Before the server closes, because it waits for every answer. */
  onModuleDestroy(): void {
    this.closing.abort();
    for (const { streams } of this.watched.values()) streams.forEach((stream) => stream.stop());
  }

  private assertRoom(ownerId: string): void {
    if ((this.open.get(ownerId) ?? 0) < MAX_STREAMS) return;
    throw new Problem('too_many_streams', `There are ${MAX_STREAMS} of yours open. Close some.`, {
      retryAfterSeconds: 30,
    });
  }

  private count(ownerId: string, change: 1 | -1): void {
    const count = (this.open.get(ownerId) ?? 0) + change;
    if (count > 0) this.open.set(ownerId, count);
    else this.open.delete(ownerId);
  }

  private add(id: string, stream: EventStream, latest: ProgressSnapshot): void {
    const watched = this.watched.get(id) ?? { latest, streams: new Set() };
    this.watched.set(id, watched);
    watched.streams.add(stream);
    stream.once('close', () => {
      watched.streams.delete(stream);
      if (watched.streams.size === 0) this.watched.delete(id);
    });
    if (!this.looking) this.scope.runInAsyncScope(() => void this.keepLooking());
  }

  /** Until nobody listens any more. */
  private async keepLooking(): Promise<void> {
    this.looking = true;
    while (this.watched.size > 0 && !this.closing.signal.aborted) {
      await delay(LOOK_EVERY, undefined, { signal: this.closing.signal }).catch(() => undefined);
      if (this.watched.size > 0 && !this.closing.signal.aborted) await this.tryToLook();
    }
    this.looking = false;
  }

  private async tryToLook(): Promise<void> {
    try {
      await this.look();
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.warn(`no progress is told for now: ${(error as Error).message}`);
      this.failing = true;
    }
  }

  private async look(): Promise<void> {
    // Who comes while the rows are read may know newer ones, and is told by the next look.
    const asked = [...this.watched].map(([id, watched]) => ({ id, watched, streams: [...watched.streams] }));
    const rows = await this.read(asked.map(({ id }) => id));
    const now = new Date();
    for (const { id, watched, streams } of asked) {
      const request = rows.get(id);
      if (request) this.tell(request, watched, streams, now);
      // It is gone; so are the clients, who learn it when they ask again.
      else streams.forEach((stream) => stream.finish());
    }
  }

  private tell(request: ProcessingRequest, watched: Watched, streams: EventStream[], now: Date): void {
    const body = requestBody(request, now);
    if (progressState(body) !== watched.latest.state) watched.latest = progressSnapshot(body);
    streams.forEach((stream) => stream.show(watched.latest));
  }

  /** Requests by id, without the columns of their CSV, which can be long and are not told. */
  private async read(ids: string[]): Promise<Map<string, ProcessingRequest>> {
    const requests = this.dataSource.getRepository(ProcessingRequest);
    const columns = requests.metadata.columns.map(({ propertyName }) => propertyName);
    const select = Object.fromEntries(columns.map((column) => [column, column !== 'csvColumns']));
    const rows = await requests.find({ select, where: { id: Any(ids), deletedAt: IsNull() } });
    return new Map(rows.map((row) => [row.id, row]));
  }
}
