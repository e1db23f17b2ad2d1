// Longer than anything here waits; a date computed from more could lie beyond what a Date or the database holds.
const LONGEST_MS = 7 * 24 * 3_600_000;

/** Milliseconds from `now` (in epoch milliseconds) that a Retry-After header asks for; undefined when there is none that can be read. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // Date.parse takes almost anything ("1.5" is a day in 2001); an HTTP date ends in GMT.
  const date = text.endsWith(' GMT') ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), LONGEST_MS);
}
