import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ObjectStorage } from '../storage/object-storage.js';
import { DeliveryWakeups } from '../webhooks/delivery-wakeups.js';
import { Completion } from './completion.js';
import { OutcomesRepository, type ImageOutcome } from './outcomes.repository.js';
import type { Outcome } from './outcome.js';
import type { ClaimedSlice } from './slices.repository.js';

/** A batch is written when it holds this many outcomes, or this long (ms) after its first: one statement either way. */
const BATCH = 100;
const BATCH_TIME = 200;
/** Waits between tries while the database is away (ms): for about a minute, longer than a lease lasts. */
const RETRY_TIMES = [200, 500, 1000, 2000, 5000, 10_000, 20_000, 20_000];

interface Entry extends ImageOutcome {
  done: () => void;
  fail: (error: unknown) => void;
}

/** Writes down what became of images, in batches per request. */
@Injectable()
export class OutcomeRecorder {
  private readonly logger = new Logger('Recorder');
  /** By request and run: the batch that is filling, and the writing of the one before. */
  private readonly batches = new Map<string, { entries: Entry[]; writing: Promise<void> | undefined }>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly outcomes: OutcomesRepository,
    private readonly completion: Completion,
    private readonly wakeups: DeliveryWakeups,
    private readonly storage: ObjectStorage,
  ) {}

  /** Resolves when the outcome stands in the database, or was refused there because others came first. */
  record({ requestId, run, slice, pass }: ClaimedSlice, position: number, outcome: Outcome): Promise<void> {
    const key = `${requestId} ${run}`;
    let batch = this.batches.get(key);
    if (!batch) this.batches.set(key, (batch = { entries: [], writing: undefined }));
    const { entries } = batch;
    return new Promise((done, fail) => {
      entries.push({ slice, pass, position, outcome, done, fail });
      if (entries.length === 1) setTimeout(() => void this.flush(requestId, run), BATCH_TIME);
      else if (entries.length === BATCH) void this.flush(requestId, run);
    });
  }

  /** One batch of a request is written at a time: two would only wait for each other's lock. */
  private async flush(requestId: string, run: number): Promise<void> {
    const key = `${requestId} ${run}`;
    const batch = this.batches.get(key);
    if (!batch || batch.entries.length === 0) return;
    if (batch.writing) return batch.writing.then(() => this.flush(requestId, run));
    const entries = batch.entries.splice(0);
    batch.writing = this.write(requestId, run, entries)
      .then(
        () => entries.forEach((entry) => entry.done()),
        (error: unknown) => entries.forEach((entry) => entry.fail(error)),
      )
      .finally(() => {
        batch.writing = undefined;
        if (batch.entries.length === 0) this.batches.delete(key);
      });
    return batch.writing;
  }

  private async write(requestId: string, run: number, entries: ImageOutcome[]): Promise<void> {
    for (const waitMs of [...RETRY_TIMES, undefined]) {
      try {
        return await this.writeOnce(requestId, run, entries);
      } catch (error) {
        if (waitMs === undefined) throw error;
        // Counters that had drifted upwards: no outcome could be added to them any more.
        if (isCheckViolation(error)) await this.recount(requestId).catch(() => undefined);
        this.logger.warn(`outcomes not written, trying again in ${waitMs} ms: ${(error as Error).message}`);
        await delay(waitMs);
      }
    }
  }

  private async recount(requestId: string): Promise<void> {
    await this.dataSource.transaction((manager) => this.completion.recount(manager, requestId));
  }

  private async writeOnce(requestId: string, run: number, entries: ImageOutcome[]): Promise<void> {
    const { pending, losers } = await this.dataSource.transaction(async (manager) => {
      const recorded = await this.outcomes.record(manager, requestId, run, entries);
      const lost = recorded.changed < entries.length;
      return {
        ...recorded,
        losers: lost ? await this.outcomes.losers(manager, requestId, entries) : [],
      };
    });
    // By itself: what was recorded stays so, whatever becomes of the close. Who dies here leaves it to the reconciler.
    if (pending === 0) await this.close(requestId);
    await Promise.all(losers.map((key) => this.deleteLoser(key)));
  }

  private async close(requestId: string): Promise<void> {
    const wake = await this.dataSource.transaction((manager) =>
      this.completion.closeIfFinished(manager, requestId),
    );
    await this.wakeups.wake(wake);
  }

  /** The outcomes stand: a storage that is away must not have them written again. */
  private async deleteLoser(key: string): Promise<void> {
    try {
      await this.storage.delete(key);
    } catch (error) {
      this.logger.warn(`object ${key}, which nothing names, was not deleted: ${(error as Error).message}`);
    }
  }
}

/** SQLSTATE 23514; TypeORM hands on the driver's code. */
function isCheckViolation(error: unknown): boolean {
  return (error as { code?: string }).code === '23514';
}
