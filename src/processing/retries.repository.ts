import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { sql } from '../database/sql.js';
import type { ProcessingRequest } from '../requests/processing-request.entity.js';
import { sliceSize } from './slices.js';

/** Positions that one statement handles: more would hold the request's lock for too long. */
const BATCH = 5000;

/** The statements of a retry, which goes through the images of a request once, in batches. */
@Injectable()
export class RetriesRepository {
  /**
   * Makes the images that are not completed pending again, as if they had never been tried, and cuts them into slices of
   * the new run: those of the next positions. Gives true when these were the last. The caller holds the request's lock.
   */
  async reopenBatch(
    manager: EntityManager,
    { id, run, runImageCount, retriedTo }: ProcessingRequest,
  ): Promise<boolean> {
    const size = sliceSize(runImageCount);
    const [reopened] = await sql<{ last: boolean }>(manager, REOPEN, [id, run, retriedTo, size, BATCH]);
    return reopened!.last;
  }
}

/**
 * By ranges of the key: asked for the next few images instead, PostgreSQL may sort a million for them (1.4 s a batch,
 * not 0.08). And every part reads the range by itself, as it was before: a join may go through it once for each image.
 */
const REOPEN = `
  WITH image AS MATERIALIZED (
    SELECT position, status, row_number() OVER (ORDER BY position) - 1 AS nth FROM product_image
    WHERE request_id = $1 AND position >= $3::int AND position < $3::int + $5::int AND status <> 'completed'
  ), reopened AS (
    UPDATE product_image SET status = 'pending', attempts = 0, decode_marks = 0, next_attempt_at = NULL,
      error_code = NULL, error_detail = NULL, http_status = NULL, finished_at = NULL
    WHERE request_id = $1 AND position >= $3::int AND position < $3::int + $5::int AND status <> 'completed'
  ), cut AS (
    INSERT INTO slice (request_id, run, number, first_position, last_position)
    SELECT $1, $2, (SELECT coalesce(max(number) + 1, 0) FROM slice WHERE request_id = $1 AND run = $2) + nth / $4::int,
      min(position), max(position)
    FROM image GROUP BY nth / $4::int
  ), total AS (
    SELECT count(*) FILTER (WHERE status = 'failed') AS failed FROM image
  )
  UPDATE processing_request SET failed_count = failed_count - total.failed,
    retried_to = CASE WHEN $3::int + $5::int < image_count THEN $3::int + $5::int END
  FROM total WHERE id = $1 RETURNING retried_to IS NULL AS last`;
