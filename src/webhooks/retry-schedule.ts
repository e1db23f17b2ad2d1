/** ±20 %: endpoints that failed together do not come back together. */
const JITTER = 0.2;
/** A receiver may ask for more time than the step, up to this many times; it cannot park a delivery for a year. */
const MAX_STRETCH = 2;

/**
 * Milliseconds until the next attempt, after `attempts` that failed; undefined when that was the last. `scheduleMs`
 * holds the pause before each attempt, the first one's included. `random` is from 0 to 1.
 */
export function retryDelayMs(
  scheduleMs: number[],
  attempts: number,
  retryAfterMs: number | undefined,
  random: number,
): number | undefined {
  const step = scheduleMs[attempts];
  if (step === undefined) return undefined;
  const jittered = step * (1 - JITTER + 2 * JITTER * random);
  const asked = Math.min(retryAfterMs ?? 0, MAX_STRETCH * step);
  // Who asked for less than the step waits the step: earlier than asked is never polite.
  const floor = retryAfterMs === undefined ? 0 : Math.max(asked, step);
  return Math.round(Math.max(jittered, floor));
}
