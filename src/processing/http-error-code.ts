import { IMAGE_ERRORS, type ImageErrorCode } from '../requests/image-error-codes.js';

/** The code of an answer that is not 200: the status' own, its class', or `http_unexpected` for an answer that is no failure and no image. */
export function httpErrorCode(status: number): ImageErrorCode {
  const own = `http_${status}`;
  if (isCode(own)) return own;
  if (status >= 500) return 'http_5xx';
  return status >= 400 ? 'http_4xx' : 'http_unexpected';
}

function isCode(text: string): text is ImageErrorCode {
  return Object.hasOwn(IMAGE_ERRORS, text);
}
