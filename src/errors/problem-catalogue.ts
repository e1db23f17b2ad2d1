/** Every problem the API can answer with, by its code. `help` is the page under `/problems/{code}`. */
export const PROBLEMS = {
  malformed_request: {
    status: 400,
    title: 'The request is malformed',
    help: 'It could not be read as HTTP, JSON or a form, or it broke off. The detail says where.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid key is needed',
    help: 'Send it as "Authorization: Bearer KEY" or "X-API-Key: KEY". Keys are made with: npm run keys -- create NAME.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The key may not do this',
    help: 'The detail names the scope that is missing. A key keeps the scopes that it was made with: make another one.',
  },
  foreign_page: {
    status: 403,
    title: 'A page of another site may not do this',
    help:
      'Without keys the API answers programs of this machine and its own pages, but not what a browser sends for other ' +
      'sites. Behind a proxy set PUBLIC_URL to the address that callers use. Another site calls from its server, not its pages.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    help: 'There is nothing under this id or address, or it belongs to someone else.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The address does not know this method',
    help: 'The methods that it knows are in the header Allow.',
  },
  request_timeout: {
    status: 408,
    title: 'The request came too slowly',
    help: 'It stood still, or came at less than a kilobyte a second. Send it again over a better line.',
  },
  not_finished: {
    status: 409,
    title: 'The request has not finished yet',
    help: 'Ask again after the seconds in Retry-After, or take what is there with ?partial=true.',
  },
  not_terminal: {
    status: 409,
    title: 'The request is still being processed',
    help: 'Only a request that is completed, failed or cancelled can be retried or deleted. Wait for its end, or cancel it.',
  },
  already_finished: {
    status: 409,
    title: 'The request has already finished',
    help: 'Only a request that is pending or processing can be cancelled. DELETE removes a finished one.',
  },
  nothing_to_retry: {
    status: 409,
    title: 'There is nothing to retry',
    help: 'Every image of the request is completed.',
  },
  idempotency_key_in_use: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still running',
    help: 'Send it again after the seconds in Retry-After: it then gets the answer of the first one.',
  },
  webhook_disabled: {
    status: 409,
    title: 'The webhook is disabled',
    help: 'Nothing is sent to a disabled endpoint. Enable it again: PATCH /api/webhooks/{id} with {"enabled": true}.',
  },
  too_many_secrets: {
    status: 409,
    title: 'The secret was replaced too often',
    help: 'A replaced secret signs for another 24 hours, and only so many can at once. Rotate again when the first is over.',
  },
  file_too_large: {
    status: 413,
    title: 'The file is too large',
    help: 'Split the CSV, or have MAX_CSV_BYTES raised.',
  },
  too_many_images: {
    status: 413,
    title: 'The file has too many images',
    help: 'Split the CSV, or have MAX_IMAGES_PER_REQUEST or MAX_OPEN_IMAGES raised; the detail says how many there may be.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    help: 'JSON bodies and form fields are small; only the CSV may be large.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Not a CSV file',
    help: 'Save the table as CSV (comma separated values) and send it as the form field "file", or as a text/csv body.',
  },
  json_expected: {
    status: 415,
    title: 'Not JSON',
    help: 'Send the body as JSON, with the header "Content-Type: application/json".',
  },
  validation_failed: {
    status: 422,
    title: 'The request has wrong values',
    help: 'Every wrong or unknown parameter is named in "errors".',
  },
  file_missing: {
    status: 422,
    title: 'The file is missing',
    help: 'Send the CSV as the form field "file".',
  },
  csv_invalid: {
    status: 422,
    title: 'The CSV has errors',
    help: 'Every fault is in "errors" with its line and column. Nothing was stored: mend the file and send it again.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another upload',
    help: 'A key stands for one file with its options for 24 hours. Take a new key for another file or other options.',
  },
  webhook_url_missing: {
    status: 422,
    title: 'The webhook_url is missing',
    help: 'To register a webhook send {"webhook_url": "https://..."}.',
  },
  webhook_url_invalid: {
    status: 422,
    title: 'The webhook_url cannot be used',
    help:
      'It must be a public http or https URL without credentials, at one of the ports in ALLOWED_PORTS. For development, ' +
      'ALLOW_PRIVATE_ADDRESSES=true lets webhooks reach any address and port.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    help: 'Wait the seconds in Retry-After. The headers RateLimit and RateLimit-Policy say what is left.',
  },
  too_many_open: {
    status: 429,
    title: 'Too much is being processed already',
    help:
      'A caller may have MAX_OPEN_REQUESTS requests with MAX_OPEN_IMAGES images open at once. Wait until some have ' +
      'finished, or cancel some.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many event streams are open',
    help: 'Close those that nobody reads. One stream tells of one request; the list tells of all.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    help: 'There may be 100 headers, and all of them together may have 16 KiB.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    help: 'It is in the log of the service under the trace_id.',
  },
  storage_full: {
    status: 503,
    title: 'There is no room for more images',
    help: 'The disk is nearly full. Delete requests that nobody needs, or try again when its operator has made room.',
  },
  unavailable: {
    status: 503,
    title: 'The service is not available right now',
    help: 'Try again after the seconds in Retry-After.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
