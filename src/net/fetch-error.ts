import { AssertionError } from 'node:assert';
import { errors } from 'undici';

// One sentence per code, whatever lay behind it: "connection refused at 10.0.0.1:6379" would let callers scan our network.
const MESSAGES = {
  url_invalid: 'The URL is not one that may be fetched.',
  address_blocked: 'The address of the host is not one that may be fetched.',
  dns_failed: 'The host name could not be resolved.',
  connect_failed: 'The connection to the host failed.',
  tls_failed: 'The secure connection to the host failed: its certificate or its TLS version cannot be used.',
  timeout: 'The host did not answer in time.',
  redirect_limit: 'The URL redirects too often.',
  redirect_blocked: 'The URL redirects to one that may not be fetched.',
  http_unexpected: 'The host did not answer in correct HTTP.',
  truncated: 'The answer broke off before its end.',
  too_large_bytes: 'The answer is larger than allowed.',
  aborted: 'The fetch was given up.',
} as const;

export type FetchErrorCode = keyof typeof MESSAGES;

/** There is no answer, or not a whole one. `message` may be told to the caller. `aborted` is our own doing: the signal's reason is its cause. */
export class FetchError extends Error {
  /** Overrides the code's own rule: a name that does not exist is `dns_failed`, and trying again does not help. */
  readonly transient?: boolean;
  /** What had come of a body that broke off, where the caller takes a part of it (`overflow: 'cut'`). */
  partial?: Buffer;

  constructor(
    readonly code: FetchErrorCode,
    detail: { transient?: boolean; cause?: unknown } = {},
  ) {
    super(MESSAGES[code], { cause: detail.cause });
    this.transient = detail.transient;
  }
}

/** What OpenSSL, and Node's checks of a certificate, name their errors. */
const TLS_CODE =
  /^(EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_|HOSTNAME_)/;

/** What an error of the network, of TLS or of undici means; `answered` once the headers are there. */
export function toFetchError(error: unknown, answered: boolean): FetchError {
  return error instanceof FetchError
    ? error
    : new FetchError(fetchErrorCode(error, answered), { cause: error });
}

function fetchErrorCode(error: unknown, answered: boolean): FetchErrorCode {
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError)
    return 'aborted';
  if (answered) return 'truncated';
  if (isWrongHttp(error)) return 'http_unexpected';
  return TLS_CODE.test((error as NodeJS.ErrnoException).code ?? '') ? 'tls_failed' : 'connect_failed';
}

/** What undici says of the head of an answer that is not correct HTTP, or that answers something which was not asked. */
function isWrongHttp(error: unknown): boolean {
  return (
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError ||
    // Two lengths in one head: its parser stops there, and has read less than the first one promised.
    error instanceof errors.ResponseContentLengthMismatchError ||
    // 101, 100: nobody asked for an upgrade or for leave to send. A line that broke is a SocketError too, with other words.
    (error instanceof errors.SocketError && /^bad (upgrade|response)$/.test(error.message)) ||
    // Status 000, and a 101 without an Upgrade.
    error instanceof AssertionError
  );
}
