import { mkdir } from 'node:fs/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Env } from '../config/env.js';
import { withTimeLimit } from '../config/time-limit.js';
import { stoppingProblem } from '../errors/stopping-problem.js';
import { freeBytesIn } from '../storage/free-bytes.js';
import { ObjectStorage } from '../storage/object-storage.js';
import { diskFull } from './upload-problems.js';

/** A disk that does not tell its room within this time (ms) is not asked longer: the upload itself will show. */
const LOOK_LIMIT = 3000;

/** Turns uploads away before a byte of them is read: when the process is stopping, and when the disk is nearly full. */
@Injectable()
export class UploadGate implements OnModuleDestroy {
  private readonly logger = new Logger('Upload');
  private stopping = false;

  constructor(
    private readonly storage: ObjectStorage,
    private readonly env: Env,
  ) {}

  /** Throws a Problem for an upload that is not to be read. `directory` is where it would be spooled. */
  async admit(request: FastifyRequest, reply: FastifyReply, directory: string): Promise<void> {
    if (this.stopping) {
      reply.header('connection', 'close');
      throw stoppingProblem();
    }
    const reserve = this.env.minFreeBytes;
    if (reserve === 0) return;
    const declaredBytes = Number(request.headers['content-length'] ?? 0);
    if ((await this.roomIn(directory)) < reserve + declaredBytes) throw diskFull();
    // Nothing of it will be stored. A form says so too late: its fields are not read yet.
    const { validate_only: validateOnly } = request.query as { validate_only?: unknown };
    if (validateOnly !== 'true' && (await this.roomInStorage()) < reserve) throw diskFull();
  }

  /** The first thing at shutdown: whoever sends an upload now has the time to send it to another process. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  private async roomIn(directory: string): Promise<number> {
    return this.known(mkdir(directory, { recursive: true }).then(() => freeBytesIn(directory)));
  }

  private async roomInStorage(): Promise<number> {
    return this.known(this.storage.freeBytes());
  }

  private async known(look: Promise<number | undefined>): Promise<number> {
    try {
      return (await withTimeLimit(look, LOOK_LIMIT, 'no answer')) ?? Infinity;
    } catch (error) {
      this.logger.warn(`cannot tell how much room a disk has: ${(error as Error).message}`);
      return Infinity;
    }
  }
}
