import { randomUUID } from 'node:crypto';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Env } from '../config/env.js';
import { sliceSlots } from '../queue/queues.js';
import { WorkersRepository } from './workers.repository.js';

/** A third of the time after which a worker counts as gone (ms). */
const HEARTBEAT = 10_000;

/** Says that this worker process is alive, and how many slices it can work at once. */
@Injectable()
export class WorkerRegistration implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly id = randomUUID();
  private readonly logger = new Logger('Worker');
  private timer: NodeJS.Timeout;

  constructor(
    private readonly workers: WorkersRepository,
    private readonly env: Env,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.workers.seen(this.id, sliceSlots(this.env));
    this.timer = setInterval(() => void this.beat(), HEARTBEAT);
  }

  private async beat(): Promise<void> {
    try {
      await this.workers.seen(this.id, sliceSlots(this.env));
    } catch (error) {
      this.logger.warn(`could not say that this worker is alive: ${(error as Error).message}`);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.workers.gone(this.id).catch(() => undefined);
  }
}
