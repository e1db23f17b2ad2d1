import { Problem } from './problem.js';

/** Its successor, or another process behind the same address, is there in that time. */
const RETRY_AFTER_SECONDS = 5;

/** The answer to what is asked of a process that ends. */
export function stoppingProblem(): Problem {
  const detail = 'The service is stopping. Send the request again.';
  return new Problem('unavailable', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
