import { succeeded, type Attempt } from './attempt.js';
import { retryDelayMs } from './retry-schedule.js';

/** What becomes of a delivery and its endpoint after an attempt. */
export type Verdict =
  { status: 'delivered' } | { status: 'pending'; delayMs: number } | { status: 'failed'; disable?: string };

export interface RetryRules {
  scheduleMs: number[];
  disableAfterMs: number;
}

const GONE = 410;

/**
 * `attempts` were made before this one; `failingSince` is when the endpoint began to do nothing but fail, null when
 * its last attempt succeeded; both times are the database's. `random` is from 0 to 1.
 */
export function judgeAttempt(
  attempt: Attempt,
  before: { attempts: number; failingSince: Date | null; now: Date },
  rules: RetryRules,
  random: number,
): Verdict {
  if (succeeded(attempt)) return { status: 'delivered' };
  if (attempt.statusCode === GONE) return { status: 'failed', disable: 'It answered 410 Gone.' };
  const { failingSince, now } = before;
  if (failingSince && now.getTime() - failingSince.getTime() >= rules.disableAfterMs) {
    return { status: 'failed', disable: `Every attempt since ${failingSince.toISOString()} failed.` };
  }
  const delayMs = retryDelayMs(rules.scheduleMs, before.attempts + 1, attempt.retryAfterMs, random);
  return delayMs === undefined ? { status: 'failed' } : { status: 'pending', delayMs };
}
