import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { FetchError, GuardedFetch } from '../net/guarded-fetch.js';
import { parseRetryAfter } from '../net/retry-after.js';
import type { Attempt } from './attempt.js';
import { signatureHeaders } from './signature.js';

/** Of the answer that is kept, in bytes. */
const MAX_RESPONSE_BYTES = 16_384;

/** Makes one attempt: a signed POST. */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly guardedFetch: GuardedFetch,
    private readonly env: Env,
  ) {}

  /** Undefined when `aborting` gave the attempt up before an answer came: that is no failure of the receiver. */
  async post(
    target: { url: string; secrets: string[] },
    event: { eventId: string; body: string },
    aborting: AbortSignal,
  ): Promise<Attempt | undefined> {
    const at = new Date();
    const begin = performance.now();
    // Known as soon as the headers are there, and kept when the rest of the answer does not come.
    const answer: Pick<Attempt, 'statusCode' | 'retryAfterMs'> = { statusCode: null };
    try {
      const { body } = await this.guardedFetch.fetch(target.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signatureHeaders(target.secrets, event.eventId, at, event.body),
        },
        body: event.body,
        timeoutMs: this.env.webhookTimeoutMs,
        maxBytes: MAX_RESPONSE_BYTES,
        overflow: 'cut',
        maxRedirects: 0,
        wantsBody: (status, headers) => {
          answer.statusCode = status;
          answer.retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
          return true;
        },
        signal: aborting,
      });
      return { at, durationMs: since(begin), ...answer, error: null, response: asText(body) };
    } catch (error) {
      if (!(error instanceof FetchError)) throw error;
      if (error.code === 'aborted' && answer.statusCode === null) return undefined;
      const response = error.partial ? asText(error.partial) : null;
      return { at, durationMs: since(begin), ...answer, error: error.code, response };
    }
  }
}

function since(begin: number): number {
  return Math.round(performance.now() - begin);
}

/** PostgreSQL stores no NUL; a receiver that sends one must not make its attempt impossible to record. */
function asText(body: Buffer): string {
  return body.toString('utf8').replaceAll('\0', '\uFFFD');
}
