import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

/** One fault among several; what it holds beside `code` and `message` depends on where it was found. */
export interface Fault {
  code: string;
  message: string;
  [member: string]: unknown;
}

/** An answer to the caller that is not a success (RFC 9457). Thrown anywhere, written by the problem filter. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;

  constructor(
    readonly code: ProblemCode,
    /** What is wrong, where, and how to mend it. */
    readonly detail: string,
    readonly extra: {
      errors?: Fault[];
      errorCount?: number;
      retryAfterSeconds?: number;
      /** Of the answer, by their names in lower case. */
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: extra.cause });
    ({ status: this.status, title: this.title } = PROBLEMS[code]);
  }
}
