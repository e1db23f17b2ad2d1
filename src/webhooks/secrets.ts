import { randomBytes } from 'node:crypto';
import { Problem } from '../errors/problem.js';

export const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;
/** How long a replaced secret signs beside the new one, in ms: time enough to bring the new one everywhere. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;
/** Each adds a signature to the header; receivers refuse headers of some kilobytes. */
const MAX_RETIRED = 9;

/** A replaced secret, and the time until which it signs, as ISO 8601. */
export interface RetiredSecret {
  secret: string;
  until: string;
}

/** A new secret of an endpoint: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The replaced secrets after `secret` became one of them at `now`, the newest first; those that are over are gone.
 * Throws `too_many_secrets` rather than break a receiver that still has the oldest.
 */
export function retireSecret(secret: string, retired: RetiredSecret[], now: Date): RetiredSecret[] {
  const valid = stillValid(retired, now);
  if (valid.length >= MAX_RETIRED) {
    throw new Problem(
      'too_many_secrets',
      `${valid.length} replaced secrets still sign; the first of them ends at ${valid.at(-1)!.until}. Rotate again then.`,
    );
  }
  return [{ secret, until: new Date(now.getTime() + OVERLAP_MS).toISOString() }, ...valid];
}

/** What an attempt at `now` is signed with, the newest first. */
export function signingSecrets(
  { secret, retiredSecrets }: { secret: string; retiredSecrets: RetiredSecret[] },
  now: Date,
): string[] {
  return [secret, ...stillValid(retiredSecrets, now).map((retired) => retired.secret)];
}

function stillValid(retired: RetiredSecret[], now: Date): RetiredSecret[] {
  return retired.filter(({ until }) => new Date(until) > now);
}
