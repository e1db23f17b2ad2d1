import { succeeded, type Attempt } from './attempt.js';
import { retryDelayMs } from './retry-schedule.js';

/** What becomes of a delivery and its endpoint after an attempt. `unmoved`: it stands where it stood. */
export type Verdict =
  | { status: 'delivered' }
  | { status: 'pending'; delayMs: number }
  | { status: 'failed'; disable?: string }
  | { status: 'unmoved' };

export interface RetryRules {
  scheduleMs: number[];
  disableAfterMs: number;
}

const GONE = 410;
/** A first failure that lies this many times `disableAfterMs` back says nothing: not much was sent since. */
const FORGIVEN_AFTER = 2;
/** An attempt that takes this long, in ms, keeps others waiting. */
const SLOW_MS = 2000;

/**
 * `attempts` of the schedule were made before this one; `failingSince` is when the endpoint began to do nothing but
 * fail, this attempt included; both times are the database's. `random` is from 0 to 1. An attempt that somebody asked
 * for (`manual`) takes no place in the schedule; one at an address that the endpoint has left (`moved`) disables nothing.
 */
export function judgeAttempt(
  attempt: Attempt,
  before: { manual: boolean; moved: boolean; attempts: number; failingSince: Date | null; now: Date },
  rules: RetryRules,
  random: number,
): Verdict {
  if (succeeded(attempt)) return { status: 'delivered' };
  const disable = before.moved ? undefined : reasonToDisable(attempt, before, rules);
  if (disable) return { status: 'failed', disable };
  if (before.manual) return { status: 'unmoved' };
  const delayMs = retryDelayMs(rules.scheduleMs, before.attempts + 1, attempt.retryAfterMs, random);
  return delayMs === undefined ? { status: 'failed' } : { status: 'pending', delayMs };
}

function reasonToDisable(
  { statusCode }: Attempt,
  { failingSince, now }: { failingSince: Date | null; now: Date },
  { disableAfterMs }: RetryRules,
): string | undefined {
  if (statusCode === GONE) return 'It answered 410 Gone.';
  if (!failingSince || now.getTime() - failingSince.getTime() < disableAfterMs) return undefined;
  return `Every attempt since ${failingSince.toISOString()} failed.`;
}

/** Since when the endpoint does nothing but fail, as this attempt leaves it; null after a success. */
export function failingSinceAfter(
  attempt: Attempt,
  { failingSince, now }: { failingSince: Date | null; now: Date },
  { disableAfterMs }: RetryRules,
): Date | null {
  if (succeeded(attempt)) return null;
  const forgiven = failingSince && now.getTime() - failingSince.getTime() >= FORGIVEN_AFTER * disableAfterMs;
  return failingSince && !forgiven ? failingSince : now;
}

/** Whether the next attempt must be expected to keep others waiting. */
export function isSlow(attempt: Attempt): boolean {
  return !succeeded(attempt) || attempt.durationMs >= SLOW_MS;
}
