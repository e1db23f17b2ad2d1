/** What one POST came to. */
export interface Attempt {
  /** The time it was signed with. */
  at: Date;
  durationMs: number;
  /** Null when no answer came. */
  statusCode: number | null;
  /** Why there was no answer, or not a whole one: a code such as `timeout`. */
  error: string | null;
  /** The beginning of the answer's body. */
  response: string | null;
  /** How much time the receiver asked for. */
  retryAfterMs?: number;
}

/** The status decides: who answered 2xx has the event, even when the rest of the answer got lost. */
export function succeeded({ statusCode }: Attempt): boolean {
  return statusCode !== null && statusCode >= 200 && statusCode < 300;
}
