import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 100;

/**
 * Asks `probe` again and again until it gives something, and gives that. A probe that throws has not found it: what is
 * asked may be down at the moment. Throws when the time is over.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs: number,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let trouble = '';
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      trouble = '';
    } catch (error) {
      trouble = ` (${(error as Error).message})`;
    }
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}${trouble}`);
    await delay(PAUSE_MS);
  }
}
