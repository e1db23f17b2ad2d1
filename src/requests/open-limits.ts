import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { Problem } from '../errors/problem.js';

interface Open {
  requests: number;
  /** That are pending. */
  images: number;
}

const RETRY_AFTER_SECONDS = 30;

/** How much of one owner may be open at once (MAX_OPEN_REQUESTS, MAX_OPEN_IMAGES): no owner fills the queue for all. */
@Injectable()
export class OpenLimits {
  constructor(private readonly env: Env) {}

  /**
   * Throws `too_many_open` when a request with so many images would be too much, `too_many_images` when it always would be.
   * Nothing is promised for the next moment.
   */
  async look(manager: EntityManager, ownerId: string, images: number): Promise<void> {
    const { maxOpenImages } = this.env;
    if (images > maxOpenImages) {
      throw new Problem(
        'too_many_images',
        `At most ${maxOpenImages} images may be open at once; split the file.`,
      );
    }
    const open = await this.count(manager, ownerId);
    this.assert({ requests: open.requests + 1, images: open.images + images });
  }

  /**
   * Throws `too_many_open` when what this transaction has opened is too much. The last step of it: until it ends, no other
   * one of the owner gets beyond this point.
   */
  async assertKept(manager: EntityManager, ownerId: string): Promise<void> {
    await sql(manager, `SELECT pg_advisory_xact_lock(hashtextextended('open requests of ' || $1, 0))`, [
      ownerId,
    ]);
    this.assert(await this.count(manager, ownerId));
  }

  private async count(manager: EntityManager, ownerId: string): Promise<Open> {
    const [open] = await sql<Open>(
      manager,
      // Of a run that is about to begin, images that failed in the one before are pending again, though still counted.
      `SELECT count(*)::int AS requests, coalesce(sum(
           image_count - completed_count - CASE WHEN retried_to IS NULL THEN failed_count ELSE 0 END), 0)::bigint AS images
       FROM processing_request WHERE status IN ('pending', 'processing') AND owner_id = $1`,
      [ownerId],
    );
    return open!;
  }

  private assert({ requests, images }: Open): void {
    const { maxOpenRequests, maxOpenImages } = this.env;
    const [count, limit, what] =
      requests > maxOpenRequests
        ? [requests, maxOpenRequests, 'requests']
        : [images, maxOpenImages, 'images'];
    if (count <= limit) return;
    throw new Problem(
      'too_many_open',
      `With this there would be ${count} ${what} open; at most ${limit} are allowed. Wait until some have finished, or cancel some.`,
      {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      },
    );
  }
}
