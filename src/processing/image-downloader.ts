import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { FetchError, GuardedFetch, type GuardedRequest, type GuardedResponse } from '../net/guarded-fetch.js';
import { parseRetryAfter } from '../net/retry-after.js';
import { httpErrorCode } from './http-error-code.js';
import { ImageError } from './image-error.js';

export type DownloadOptions = Required<Pick<GuardedRequest, 'signal' | 'admit'>> &
  Pick<GuardedRequest, 'grow'>;

/** Turns a URL into the bytes behind it, or into an ImageError. What the bytes are is for the decoder to say, not for a Content-Type. */
@Injectable()
export class ImageDownloader {
  constructor(
    private readonly guardedFetch: GuardedFetch,
    private readonly env: Env,
  ) {}

  /**
   * `admit` is awaited before the body is read, with its length in bytes if that is known; the time limit stands
   * still meanwhile, and also while the body waits for what `grow` gives. Throws an ImageError, or the reason of `signal` when that aborts.
   */
  async download(url: string, options: DownloadOptions): Promise<Buffer> {
    const response = await this.fetch(url, options);
    const { status, headers, body } = response;
    if (status !== 200) {
      throw new ImageError(httpErrorCode(status), `The host answered with status ${status}.`, {
        httpStatus: status,
        retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
      });
    }
    if (isEncoded(headers)) {
      throw new ImageError(
        'content_encoding',
        'The host sent the image in a content encoding, which was not asked for.',
      );
    }
    if (body.length === 0) throw new ImageError('empty_body', 'The host answered without any content.');
    return body;
  }

  private async fetch(url: string, options: DownloadOptions): Promise<GuardedResponse> {
    try {
      return await this.guardedFetch.fetch(url, {
        ...options,
        // Not image/webp and the like: many a host would send another format than the one its URL names.
        headers: { accept: '*/*' },
        timeoutMs: this.env.fetchTimeoutMs,
        maxBytes: this.env.maxImageBytes,
        maxRedirects: this.env.fetchMaxRedirects,
        wantsBody: (status, headers) => status === 200 && !isEncoded(headers),
      });
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (!(error instanceof FetchError) || error.code === 'aborted') throw error;
      throw new ImageError(error.code, error.message, { transient: error.transient, cause: error });
    }
  }
}

/** A few bytes of gzip can be gigabytes of image, and no limit counts those. */
function isEncoded(headers: Record<string, string>): boolean {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding !== '' && encoding !== 'identity';
}
