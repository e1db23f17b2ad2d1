import { setTimeout as delay } from 'node:timers/promises';

/** What `work` gives, or an Error with `message` after `limitMs`; `work` itself goes on. */
export async function withTimeLimit<T>(work: Promise<T>, limitMs: number, message: string): Promise<T> {
  const timer = new AbortController();
  const limit = delay(limitMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${message} within ${limitMs} ms`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
    limit.catch(() => undefined);
  }
}
