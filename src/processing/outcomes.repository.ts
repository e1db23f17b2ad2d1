import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { prepared, sql } from '../database/sql.js';
import { SPEED_MEMORY } from '../requests/remaining-time.js';
import type { Outcome } from './outcome.js';

/** An outcome, with the pass of the slice that it was worked in. */
export interface ImageOutcome {
  slice: number;
  pass: number;
  position: number;
  outcome: Outcome;
}

export interface Recorded {
  /** Of the outcomes, those that changed their image. */
  changed: number;
  /** Images of the request that are pending still; 0 closes it. Undefined: the run is over, nothing was changed. */
  pending: number | undefined;
}

@Injectable()
export class OutcomesRepository {
  /**
   * Records outcomes of one request's run, each image once. The request's row is locked first: whoever records, closes
   * or cancels does so one after the other. Only images that are pending still, of slices still running in that pass,
   * change, and just these are counted. The pass is the fence: whoever takes a slice back raises it. A lease that ran
   * out while nobody took the slice (the database was away) costs no finished work.
   */
  async record(
    manager: EntityManager,
    requestId: string,
    run: number,
    outcomes: ImageOutcome[],
  ): Promise<Recorded> {
    const rows = JSON.stringify(outcomes.map(toRow));
    // A statement of its own: the next one then sees what was committed while this one waited.
    await prepared(manager, 'SELECT FROM processing_request WHERE id = $1 FOR UPDATE', [requestId]);
    const [recorded] = await prepared<Recorded>(manager, RECORD, [requestId, run, rows, SPEED_MEMORY]);
    return recorded ?? { changed: 0, pending: undefined };
  }

  /**
   * Objects of the outcomes that their images do not name: of attempts that lost a race. The rows are asked, because
   * what `record` changed does not tell it: after a commit whose answer was lost, the second try changes nothing, and
   * yet the object is the valid one.
   */
  async losers(manager: EntityManager, requestId: string, outcomes: ImageOutcome[]): Promise<string[]> {
    const stored = outcomes.flatMap(({ position, outcome }) =>
      outcome.kind === 'completed' ? [{ position, key: outcome.objectKey }] : [],
    );
    const lost = await sql<{ key: string }>(
      manager,
      `SELECT key FROM unnest($2::int[], $3::text[]) AS stored (at, key)
       WHERE NOT EXISTS (SELECT FROM product_image WHERE request_id = $1 AND position = at AND object_key = key)`,
      [requestId, stored.map(({ position }) => position), stored.map(({ key }) => key)],
    );
    return lost.map(({ key }) => key);
  }
}

/**
 * The moving average of the speed goes on when images ended, over the time since some last did. That time is cut where
 * nothing is remembered any more: exp() of a night without progress would be an underflow, which is an error.
 */
const RECORD = `
  WITH request AS MATERIALIZED (
    SELECT id, coalesce(progressed_at, started_at) AS measured_at
    FROM processing_request WHERE id = $1 AND run = $2 AND status = 'processing'
  ), outcome AS (
    SELECT o.* FROM json_to_recordset($3::json) AS o (
      slice int, pass int, position int, status text, attempts int, delay_ms int, object_key text, kept_original bool,
      content_type text, width int, height int, original_size int, compressed_size int, sha256 text,
      error_code text, error_detail text, http_status int)
    JOIN slice ON slice.request_id = $1 AND slice.run = $2 AND slice.number = o.slice AND slice.pass = o.pass
      AND slice.state = 'running'
  ), changed AS (
    UPDATE product_image AS image SET
      status = o.status,
      attempts = image.attempts + o.attempts,
      next_attempt_at = now() + o.delay_ms * interval '1 ms',
      object_key = o.object_key, kept_original = o.kept_original, content_type = o.content_type,
      width = o.width, height = o.height, original_size = o.original_size, compressed_size = o.compressed_size,
      sha256 = decode(o.sha256, 'hex'),
      error_code = CASE WHEN o.attempts = 0 THEN image.error_code ELSE o.error_code END,
      error_detail = CASE WHEN o.attempts = 0 THEN image.error_detail ELSE o.error_detail END,
      http_status = CASE WHEN o.attempts = 0 THEN image.http_status ELSE o.http_status END,
      finished_at = CASE WHEN o.status = 'pending' THEN NULL ELSE now() END
    FROM outcome AS o, request
    WHERE image.request_id = request.id AND image.position = o.position AND image.status = 'pending'
    RETURNING image.status, image.original_size, image.compressed_size
  ), total AS (
    SELECT count(*) AS changed, count(*) FILTER (WHERE status = 'completed') AS completed,
      count(*) FILTER (WHERE status = 'failed') AS failed,
      coalesce(sum(original_size), 0) AS input, coalesce(sum(compressed_size), 0) AS output,
      clock_timestamp() AS recorded_at
    FROM changed
  ), pace AS (
    SELECT completed + failed AS ended, seconds, exp(-least(seconds / $4::float8, 100)) AS remembered
    FROM total, request,
      LATERAL (SELECT greatest(extract(epoch FROM recorded_at - measured_at)::float8, 0.001) AS seconds) AS since
  )
  UPDATE processing_request AS r SET
    completed_count = r.completed_count + total.completed, failed_count = r.failed_count + total.failed,
    input_bytes = r.input_bytes + total.input, output_bytes = r.output_bytes + total.output,
    speed = CASE WHEN ended = 0 THEN r.speed
      ELSE remembered * coalesce(r.speed, 0) + (1 - remembered) * ended / seconds END,
    progressed_at = CASE WHEN ended = 0 THEN r.progressed_at ELSE recorded_at END
  FROM total, pace, request
  WHERE r.id = request.id
  RETURNING total.changed, r.image_count - r.completed_count - r.failed_count AS pending`;

function toRow({ slice, pass, position, outcome }: ImageOutcome): Record<string, unknown> {
  const where = { slice, pass, position };
  switch (outcome.kind) {
    case 'completed':
      return {
        ...where,
        status: 'completed',
        attempts: 1,
        object_key: outcome.objectKey,
        kept_original: outcome.keptOriginal,
        content_type: outcome.contentType,
        width: outcome.width,
        height: outcome.height,
        original_size: outcome.originalSize,
        compressed_size: outcome.compressedSize,
        sha256: outcome.sha256,
      };
    case 'postponed':
      return { ...where, status: 'pending', attempts: 0, delay_ms: outcome.delayMs };
    case 'failed':
    case 'retry':
      return {
        ...where,
        status: outcome.kind === 'failed' ? 'failed' : 'pending',
        attempts: 1,
        delay_ms: outcome.kind === 'retry' ? outcome.delayMs : null,
        error_code: outcome.error.code,
        error_detail: outcome.error.message,
        http_status: outcome.error.httpStatus,
      };
  }
}
