/**
 * Time limits of the service's own sessions, in ms. A statement never runs longer than its caller would wait, a lock is
 * either had soon or tried again, and a transaction whose process froze gives its locks back. The client's limit
 * (`query_timeout`) is above the server's, so that the server's verdict, rolled back for sure, arrives first; without
 * it a half-open connection would freeze the process in silence.
 */
export const SESSION_LIMITS = {
  statement_timeout: 15_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
  query_timeout: 20_000,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 5000,
  // Everything is looked up by key. A plan that was prepared while a table was small would read the whole of it, also
  // when the first large upload has made a million rows of it: for up to a minute, until autovacuum has looked.
  options: '-c enable_seqscan=off',
};

/** A connection that owes an answer for longer (ms) is dead: above the server's own limit of a statement. */
export const SILENCE_MS = 16_000;
