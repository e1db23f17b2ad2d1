import { IMAGE_ERRORS, type ImageErrorCode } from '../requests/image-error-codes.js';

/** An image could not be processed. `message` is told to the caller: one plain sentence, no addresses, no stack. */
export class ImageError extends Error {
  /** Whether this image is tried again, while it has attempts left. */
  readonly transient: boolean;

  constructor(
    readonly code: ImageErrorCode,
    message: string,
    readonly detail: {
      httpStatus?: number;
      /** The origin's Retry-After, in milliseconds. */
      retryAfterMs?: number;
      /** Overrides the code's own rule: a name that does not exist is `dns_failed` and not tried again. */
      transient?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: detail.cause });
    this.transient = detail.transient ?? IMAGE_ERRORS[code].retryable;
  }
}
