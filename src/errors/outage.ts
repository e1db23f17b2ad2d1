/** What sockets say when nobody is there, and SQLSTATEs of a server that stops, starts, or has no connection left. */
const UNREACHABLE =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08...|57P0[123]|53300)$/;

/** The same from node-postgres, which gives it no code. */
const MESSAGES =
  /^(?:A connection to PostgreSQL fell silent|Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Query runner already released)/;

/** SQLSTATEs of a server that answers and cannot do it now, and how it is told. */
const UNABLE = new Map([
  ['53100', 'The disk of its database is full.'],
  ['53200', 'Its database is out of memory.'],
  ['58030', 'The disk of its database fails.'],
  ['25006', 'Its database takes no changes: it is read-only.'],
  // A statement or a lock that took too long, and two transactions that are in each other's way.
  ['57014', 'Its database is too busy.'],
  ['55P03', 'Its database is too busy.'],
  ['40001', 'Its database is too busy.'],
  ['40P01', 'Its database is too busy.'],
]);

/**
 * What is the matter with the database, in one sentence, when an operation failed for it: it may well succeed a little
 * later. Undefined when something else is wrong.
 */
export function outageOf(error: unknown): string | undefined {
  const { code, message = '' } = Object(error) as { code?: string; message?: string };
  const isUnreachable = code === undefined ? MESSAGES.test(message) : UNREACHABLE.test(code);
  return isUnreachable ? 'Its database cannot be reached.' : UNABLE.get(code ?? '');
}
