/** What sockets say when nobody is there, and SQLSTATEs of a server that stops, starts, or has no connection left. */
const CODES = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08...|57P0[123]|53300)$/;

/** The same from node-postgres, which gives it no code. */
const MESSAGES = /^(?:Connection terminated|Query read timeout|timeout exceeded when trying to connect)/;

/** Whether the database was out of reach: an operation that failed for it may well succeed a little later. */
export function isOutage(error: unknown): boolean {
  const { code, message = '' } = Object(error) as { code?: string; message?: string };
  return code === undefined ? MESSAGES.test(message) : CODES.test(code);
}
