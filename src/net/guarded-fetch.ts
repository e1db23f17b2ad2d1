import { lookup as systemLookup } from 'node:dns/promises';
import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, type Dispatcher } from 'undici';
import { Env } from '../config/env.js';
import { readBody } from './body.js';
import { Deadline } from './deadline.js';
import { FetchError, toFetchError } from './fetch-error.js';
import { guardedConnector, type Lookup } from './guarded-connector.js';
import { isPublicAddress } from './public-address.js';
import { isRedirect, redirectTarget } from './redirect.js';
import { findUrlFault } from './url-rules.js';
import { userAgent } from './user-agent.js';

export { FetchError };

export interface GuardedRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** One deadline over look-ups, connects, redirects, headers and body. */
  timeoutMs: number;
  /** Of the body. */
  maxBytes: number;
  /** What becomes of a longer body: the error `too_large_bytes` (default), or what has come by then. */
  overflow?: 'fail' | 'cut';
  /** 0 hands a redirect back as it is. Only a GET is redirected. */
  maxRedirects: number;
  /** Asked when the final answer's headers are there. A body that is not wanted is thrown away, and given up when it is long. */
  wantsBody?: (status: number, headers: Record<string, string>) => boolean;
  /**
   * Awaited between headers and body, with the Content-Length if there is one; the deadline stands still
   * meanwhile. It has to reject when the signal aborts; its error is then the fetch's.
   */
  admit?: (contentLength: number | undefined) => Promise<void>;
  /** Told how many bytes of the body have come. What it gives is awaited as `admit` is, before more is read. */
  grow?: (length: number) => Promise<void> | undefined;
  signal?: AbortSignal;
}

export interface GuardedResponse {
  status: number;
  /** Names in lower case, repeated headers joined by a comma. */
  headers: Record<string, string>;
  body: Buffer;
  /** The last URL, after redirects. */
  url: string;
  /** Whether there was more of the body than was read. */
  cut: boolean;
}

/** The injection token of a look-up that takes the place of the system's. */
export const DNS_LOOKUP = Symbol('DNS_LOOKUP');
/**
 * The injection token of how many connections one host gets, null for any number; FETCH_PER_HOST unless given. Requests
 * beyond it wait for one, while their time runs.
 */
export const CONNECTIONS_PER_HOST = Symbol('CONNECTIONS_PER_HOST');

const MAX_HEADER_BYTES = 16_384;
/** Read of a body that nobody wants, to keep its connection: giving it up costs that, and undici 7.30 then opens another in vain. */
const MAX_UNWANTED_BYTES = 16_384;

/** The only way out of the process to an address that a user gave. Proxy variables have no effect: a proxy would see the addresses, not we. */
@Injectable()
export class GuardedFetch implements OnApplicationShutdown {
  private readonly agent: Agent;
  private readonly userAgent: string;

  constructor(
    private readonly env: Env,
    @Optional()
    @Inject(DNS_LOOKUP)
    lookup: Lookup = (hostname) => systemLookup(hostname, { all: true, verbatim: true }),
    @Optional()
    @Inject(CONNECTIONS_PER_HOST)
    connections: number | null = env.fetchPerHost,
  ) {
    this.userAgent = userAgent(env.publicUrl);
    this.agent = new Agent({
      connect: guardedConnector({
        isAllowed: env.allowPrivateAddresses ? () => true : isPublicAddress,
        lookup,
      }),
      connections,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0, // the deadline is ours; undici's start anew with every byte of a drip
      bodyTimeout: 0,
    });
  }

  /** Throws a FetchError when there is no whole answer; any status is an answer. */
  async fetch(url: string, request: GuardedRequest): Promise<GuardedResponse> {
    if (findUrlFault(url, this.env)) throw new FetchError('url_invalid');
    const deadline = new Deadline(request.timeoutMs, request.signal);
    try {
      return await this.follow(new URL(url), request, deadline);
    } finally {
      deadline.end();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async follow(first: URL, request: GuardedRequest, deadline: Deadline): Promise<GuardedResponse> {
    const redirects = (request.method ?? 'GET') === 'GET' ? request.maxRedirects : 0;
    let url = first;
    for (let hops = 0; ; hops += 1) {
      const answer = await this.send(url, request, deadline);
      const { location } = answer.headers;
      if (redirects === 0 || !location || !isRedirect(answer.statusCode)) {
        return { url: url.href, ...(await receive(answer, request, deadline)) };
      }
      await deadline.limit(answer.body.dump({ limit: MAX_UNWANTED_BYTES }));
      if (hops === redirects) throw new FetchError('redirect_limit');
      // undici reads headers as Latin-1, hosts write a Location in UTF-8.
      url = redirectTarget(url, Buffer.from(String(location), 'latin1').toString(), this.env);
    }
  }

  /** The answer with its headers; its body has yet to be read, dumped or destroyed. */
  private async send(
    url: URL,
    request: GuardedRequest,
    deadline: Deadline,
  ): Promise<Dispatcher.ResponseData> {
    try {
      const answering = this.agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method ?? 'GET',
        headers: { ...request.headers, 'user-agent': this.userAgent, 'accept-encoding': 'identity' },
        body: request.body,
        signal: deadline.signal,
      });
      // undici heeds the signal only once the connection stands.
      const answer = await deadline.limit(answering);
      // Whoever reads the body is told by the read; one that breaks while nobody reads must not end the process.
      answer.body.on('error', () => {});
      return answer;
    } catch (error) {
      throw toFetchError(error, false);
    }
  }
}

async function receive(
  answer: Dispatcher.ResponseData,
  { wantsBody, admit, grow, maxBytes, overflow }: GuardedRequest,
  deadline: Deadline,
): Promise<Omit<GuardedResponse, 'url'>> {
  const status = answer.statusCode;
  const headers = joinHeaders(answer.headers);
  try {
    if (wantsBody && !wantsBody(status, headers)) {
      // The status stands, whatever becomes of the body.
      await deadline.limit(answer.body.dump({ limit: MAX_UNWANTED_BYTES })).catch(() => {});
      return { status, headers, body: Buffer.alloc(0), cut: true };
    }
    const contentLength =
      headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
    if (overflow !== 'cut' && contentLength !== undefined && contentLength > maxBytes) {
      throw new FetchError('too_large_bytes');
    }
    if (admit) {
      deadline.pause();
      await admit(contentLength);
      deadline.resume();
    }
    const waitFor = async (room: Promise<void>): Promise<void> => {
      deadline.pause();
      await room;
      if (!answer.body.destroyed) deadline.resume(); // else nobody would end it
    };
    const waitToGrow = (length: number): Promise<void> | undefined => {
      const room = grow?.(length);
      return room && waitFor(room);
    };
    const chunks: Buffer[] = [];
    const cut = await readBody(answer.body, maxBytes, chunks, waitToGrow).catch((error: unknown) => {
      const failure = toFetchError(error, true);
      if (overflow === 'cut') failure.partial = Buffer.concat(chunks);
      throw failure;
    });
    // Before the chunks are joined: for that moment a body takes twice its bytes.
    if (cut && overflow !== 'cut') throw new FetchError('too_large_bytes');
    const body = Buffer.concat(chunks).subarray(0, maxBytes);
    return { status, headers, body, cut };
  } finally {
    answer.body.destroy(); // no effect on a body that was read to its end
  }
}

function joinHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
