import { randomUUID } from 'node:crypto';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Env } from '../config/env.js';
import { sliceSlots } from '../queue/queues.js';
import { CLOCK_TOLERANCE, clockDifference } from './clock-difference.js';
import { WorkersRepository } from './workers.repository.js';

/** A third of the time after which a worker counts as gone (ms). */
const HEARTBEAT = 10_000;

/** Says that this worker process is alive, and how many slices it can work at once. */
@Injectable()
export class WorkerRegistration implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly id = randomUUID();
  private readonly logger = new Logger('Worker');
  private timer: NodeJS.Timeout;
  /** As it was last told, in ms. */
  private toldDifference = 0;

  constructor(
    private readonly workers: WorkersRepository,
    private readonly env: Env,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.say();
    this.timer = setInterval(() => void this.beat(), HEARTBEAT);
  }

  private async beat(): Promise<void> {
    try {
      await this.say();
    } catch (error) {
      this.logger.warn(`could not say that this worker is alive: ${(error as Error).message}`);
    }
  }

  private async say(): Promise<void> {
    const asked = Date.now();
    const databaseTime = await this.workers.seen(this.id, sliceSlots(this.env));
    this.compareClocks(clockDifference(asked, databaseTime.getTime(), Date.now()));
  }

  /** Our own times are all the database's; those that webhooks are signed with and that BullMQ waits by are not. */
  private compareClocks(difference: number): void {
    if (Math.abs(difference - this.toldDifference) <= CLOCK_TOLERANCE) return;
    this.toldDifference = difference;
    const seconds = Math.round(Math.abs(difference) / 1000);
    if (seconds * 1000 <= CLOCK_TOLERANCE) {
      this.logger.log('the clock of this machine agrees with that of the database again');
    } else {
      this.logger.warn(
        `the clock of this machine is ${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} that of the database: ` +
          `receivers may refuse webhooks, and retries come at the wrong time. Synchronise both machines (NTP)`,
      );
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.workers.gone(this.id).catch(() => undefined);
  }
}
