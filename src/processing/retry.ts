import type { ImageError } from './image-error.js';
import type { Outcome } from './outcome.js';

/** The first step between attempts in ms; each further one doubles it. */
const FIRST_STEP = 2000;
const LARGEST_STEP = 5 * 60_000;
/** An origin cannot park an image for longer than this. */
const LARGEST_RETRY_AFTER = 10 * 60_000;

/**
 * What becomes of an image whose attempt ended with `error`, after `attempts` earlier ones: failed when the error is
 * permanent or this was the last attempt, otherwise tried again after 2 s, 4 s, 8 s … ±25 %, never before the origin's
 * Retry-After. `random` is from 0 to 1.
 */
export function outcomeOfError(
  error: ImageError,
  attempts: number,
  maxAttempts: number,
  random: number,
): Outcome {
  const why = { code: error.code, message: error.message, httpStatus: error.detail.httpStatus ?? null };
  if (!error.transient || attempts + 1 >= maxAttempts) return { kind: 'failed', error: why };
  const step = Math.min(FIRST_STEP * 2 ** attempts, LARGEST_STEP) * (0.75 + random / 2);
  const asked = Math.min(error.detail.retryAfterMs ?? 0, LARGEST_RETRY_AFTER);
  return { kind: 'retry', error: why, delayMs: Math.round(Math.max(step, asked)) };
}
