import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { JobQueues } from '../queue/job-queues.js';
import { withTimeLimit } from '../config/time-limit.js';
import { ObjectStorage } from '../storage/object-storage.js';
import type { HealthBody } from './health.dto.js';

/** A part that takes longer (ms) to answer than a probe would wait is not well. */
const CHECK_LIMIT = 3000;

/** Tries all that the process needs for its work. */
@Injectable()
export class HealthService implements OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly queues: JobQueues,
    private readonly storage: ObjectStorage,
  ) {}

  async ready(): Promise<HealthBody> {
    const [database, queue, storage] = await Promise.all([
      verdict(this.dataSource.query('SELECT 1')),
      verdict(this.queues.ping()),
      verdict(this.storage.check()),
    ]);
    const checks = { database, queue, storage };
    const well = Object.values(checks).every((check) => check === 'ok');
    return { status: this.stopping ? 'stopping' : well ? 'ok' : 'unavailable', checks };
  }

  /** The first thing at shutdown: load balancers look elsewhere while work is finished. */
  onModuleDestroy(): void {
    this.stopping = true;
  }
}

async function verdict(check: Promise<unknown>): Promise<string> {
  try {
    await withTimeLimit(check, CHECK_LIMIT, 'no answer');
    return 'ok';
  } catch (error) {
    return (error as Error).message || 'failed';
  }
}
