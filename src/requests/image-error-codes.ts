/** What can become of an image that does not succeed, and whether trying again later can help. */
export const IMAGE_ERRORS = {
  address_blocked: { retryable: false },
  url_invalid: { retryable: false },
  dns_failed: { retryable: true },
  connect_failed: { retryable: true },
  tls_failed: { retryable: false },
  timeout: { retryable: true },
  redirect_limit: { retryable: false },
  redirect_blocked: { retryable: false },
  http_401: { retryable: false },
  http_403: { retryable: false },
  http_404: { retryable: false },
  http_408: { retryable: true },
  http_410: { retryable: false },
  http_425: { retryable: true },
  http_429: { retryable: true },
  http_4xx: { retryable: false },
  http_5xx: { retryable: true },
  http_unexpected: { retryable: false },
  content_encoding: { retryable: false },
  truncated: { retryable: true },
  empty_body: { retryable: false },
  too_large_bytes: { retryable: false },
  too_many_pixels: { retryable: false },
  not_an_image: { retryable: false },
  unsupported_format: { retryable: false },
  corrupt_image: { retryable: false },
  decode_timeout: { retryable: false },
  decoder_crash: { retryable: false },
  encode_failed: { retryable: false },
  storage_failed: { retryable: true },
  internal: { retryable: true },
} as const;

export type ImageErrorCode = keyof typeof IMAGE_ERRORS;

export const IMAGE_ERROR_CODES = Object.keys(IMAGE_ERRORS) as [ImageErrorCode, ...ImageErrorCode[]];
