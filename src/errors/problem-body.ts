import type { ProblemDto } from './problem.dto.js';
import type { Problem } from './problem.js';

/** At most so many single faults are told. */
const MAX_FAULTS = 100;

/** What the caller is told; the trace id is the answer's `X-Request-Id`. */
export function problemBody(problem: Problem, publicUrl: string, traceId: string): ProblemDto {
  const { errors, errorCount } = problem.extra;
  return {
    type: `${publicUrl}/problems/${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    error: problem.title,
    ...(errors && { errors: errors.slice(0, MAX_FAULTS), error_count: errorCount ?? errors.length }),
    trace_id: traceId,
  };
}
