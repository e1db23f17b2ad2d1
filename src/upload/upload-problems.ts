import { Problem, type Fault } from '../errors/problem.js';
import type { CsvReport } from './product-csv.js';
import { SpoolLimitError } from './spool.js';

export function fileTooLarge(maxBytes: number): Problem {
  return new Problem('file_too_large', `The file has more than ${maxBytes} bytes; split it.`);
}

/** One option is wrong in a way that is seen before its value is. */
export function givenWrongly(parameter: string, message: string): Problem {
  return new Problem('validation_failed', message, {
    errors: [{ code: 'invalid_value', parameter, message }],
  });
}

/** The 422 with every fault of a CSV. */
export function csvInvalid({ errors, errorCount }: CsvReport): Problem {
  const first = errors[0]!;
  const more = errorCount > 1 ? ` ${errorCount - 1} more fault(s) in "errors".` : '';
  return new Problem('csv_invalid', `Line ${first.line}: ${first.message}${more} Nothing was stored.`, {
    errors: errors.map((fault): Fault => ({ ...fault })),
    errorCount,
  });
}

/** There is no room for an upload, or there would soon be none for its images. */
export function diskFull(cause?: unknown): Problem {
  const detail = 'The disk is nearly full; nothing was stored.';
  return new Problem('storage_full', detail, { retryAfterSeconds: REPAIR_SECONDS, cause });
}

/** What a disk says that has no room for us, and one that takes nothing at all. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);
const UNUSABLE = new Set(['EROFS', 'EIO']);
/** Somebody has to do something about it. */
const REPAIR_SECONDS = 60;

/** The sender went away, as the bare body, a part of a form and the form tell it. */
const BROKEN_OFF = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'FST_MP_PREMATURE_CLOSE']);

/** What ended the receiving of an upload, as a Problem when it is the sender's or the disk's doing; other trouble stays as it is. */
export function asUploadProblem(error: unknown, maxBytes: number): unknown {
  if (error instanceof SpoolLimitError) return fileTooLarge(maxBytes);
  const { name, code, statusCode, message } = error as Error & { code?: string; statusCode?: number };
  if (code && BROKEN_OFF.has(code)) {
    return new Problem('malformed_request', 'The upload broke off before its end; nothing was stored.');
  }
  if (code && FULL.has(code)) return diskFull(error);
  if (code && UNUSABLE.has(code)) {
    const retryAfterSeconds = REPAIR_SECONDS;
    return new Problem('unavailable', 'Its disk cannot be written.', { retryAfterSeconds, cause: error });
  }
  if (statusCode === 413) {
    return new Problem('body_too_large', `The form has too many or too large fields: ${message}.`);
  }
  // What the form's parser throws is a plain Error without a code; those of its plugin say a status themselves.
  const ofTheForm = name === 'Error' && code === undefined;
  return ofTheForm ? new Problem('malformed_request', `The form cannot be read: ${message}.`) : error;
}
