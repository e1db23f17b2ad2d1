import type { ImageErrorCode } from '../requests/image-error-codes.js';

/** What one attempt at an image came to. */
export type Outcome =
  | {
      kind: 'completed';
      objectKey: string;
      keptOriginal: boolean;
      contentType: string;
      width: number;
      height: number;
      /** Bytes of the source and of the output. */
      originalSize: number;
      compressedSize: number;
      /** Of the output, in hex. */
      sha256: string;
    }
  | { kind: 'failed'; error: OutcomeError }
  /** Tried again after `delayMs`; it used up an attempt. */
  | { kind: 'retry'; error: OutcomeError; delayMs: number }
  /** Its host had no free place, or the storage was away: tried again after `delayMs`, at no cost. */
  | { kind: 'postponed'; delayMs: number };

export interface OutcomeError {
  code: ImageErrorCode;
  message: string;
  httpStatus: number | null;
}
