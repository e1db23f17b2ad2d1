import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** What an origin answers at a path; `delayMs` passes before the headers. */
export interface Answer {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body?: Buffer | string;
  delayMs?: number;
}

/** An HTTP server on this machine that images are downloaded from, as well or as badly behaved as a test needs. */
export interface Origin {
  readonly port: number;
  /** The address of the path, on 127.0.0.1. */
  url(path: string): string;
  /** Whatever stands at the path from now on; a path that nothing was put at answers 404. */
  serve(path: string, answer: Answer | RequestListener): void;
  /** How often the path was asked for. */
  hits(path: string): number;
  /** Every request so far, oldest first. */
  readonly requests: IncomingMessage[];
  /** How many connections were ever made, whether or not a request came over them. */
  connections(): number;
  /** How many of them are open. */
  openConnections(): number;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

export async function startOrigin(options: { tls?: boolean; host?: string } = {}): Promise<Origin> {
  const { tls = false, host = '127.0.0.1' } = options;
  const served = new Map<string, RequestListener>();
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let connected = 0;

  const listener: RequestListener = (request, response) => {
    requests.push(request);
    (served.get(pathOf(request)) ?? answering({ status: 404, body: 'Not found' }))(request, response);
  };
  const server = tls ? createTlsServer(testCertificate(), listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    connected += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that hangs up in the middle is what many tests are about.
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;

  function answering({ status = 200, headers = {}, body = '', delayMs }: Answer): RequestListener {
    return (_request, response) => {
      const answer = (): void => {
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value!);
        response.end(Buffer.from(body)); // Node would send the headers in the encoding of a string
      };
      if (delayMs === undefined) return answer();
      const timer = setTimeout(() => {
        timers.delete(timer);
        answer();
      }, delayMs);
      timers.add(timer);
    };
  }

  return {
    port,
    requests,
    url: (path) => `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`,
    serve: (path, answer) => void served.set(path, typeof answer === 'function' ? answer : answering(answer)),
    hits: (path) => requests.filter((request) => pathOf(request) === path).length,
    connections: () => connected,
    openConnections: () => sockets.size,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function pathOf(request: IncomingMessage): string {
  return request.url!.split('?')[0]!;
}

/** For an origin that nobody trusts: the certificate is signed by itself. */
function testCertificate(): { key: Buffer; cert: Buffer } {
  const folder = join(__dirname, '../fixtures/tls');
  return { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
}

// Bad behaviours, to be put at a path: origin.serve('/photo.jpg', drip()).

/** A byte every `everyMs`, for ever: no read ever waits long, the download never ends. */
export function drip(everyMs = 10): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    const timer = setInterval(() => response.write('x'), everyMs);
    response.on('close', () => clearInterval(timer));
  };
}

/** As many bytes as the other side takes, without a Content-Length. */
export function endless(): RequestListener {
  return (_request, response) => {
    const block = Buffer.alloc(65_536, 'x');
    const fill = (): void => {
      while (!response.destroyed && response.write(block)) continue;
    };
    response.on('drain', fill);
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    fill();
  };
}

/** Promises `declared` bytes, sends `body` and hangs up. */
export function shortContentLength(body: Buffer | string = 'half', declared = 1000): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': declared });
    response.write(body, () => response.socket?.end());
  };
}

/** Sends a part of the body and resets the connection. */
export function resetMidBody(body: Buffer | string = 'half'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(body, () => response.socket?.resetAndDestroy());
  };
}

/** Chunked, and then not. */
export function badChunk(): RequestListener {
  return rawAnswer('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nthis is no length\r\n');
}

/** Resets the connection instead of answering. */
export function resetBeforeHeaders(): RequestListener {
  return (request) => void request.socket.resetAndDestroy();
}

/** These bytes in place of an answer, then the end. */
export function rawAnswer(bytes: string): RequestListener {
  return (request) => void request.socket.end(bytes);
}

/** The place is sent as the bytes of its UTF-8, as hosts do. */
export function redirectTo(location: string, status = 302): Answer {
  return { status, headers: { location: Buffer.from(location).toString('latin1') }, body: 'Moved' };
}

/** Says that it is compressed, and is. */
export function gzipped(body: Buffer | string = 'x'.repeat(10_000)): Answer {
  return { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) };
}

export function tooManyRequests(retryAfter: string): Answer {
  return { status: 429, headers: { 'retry-after': retryAfter } };
}

/** Takes the request and never says a word. */
export function stall(): RequestListener {
  return () => {};
}

/** 100 kB of headers. */
export function hugeHeaders(): Answer {
  return { headers: { 'x-padding': 'x'.repeat(100_000) }, body: 'x' };
}
