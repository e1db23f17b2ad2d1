import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Three times the largest body that is ever sent. */
const MAX_BODY_BYTES = 64 * 1024;
/** For a whole POST: what the sender allows, too. */
const REQUEST_TIMEOUT_MS = 15_000;

/** One POST, as it came. */
export interface ReceivedPost {
  at: Date;
  headers: Record<string, string>;
  body: string;
}

export interface ReceiverHandlers {
  /** Gives the status to answer with. */
  onPost: (post: ReceivedPost) => number;
  /** Told of every call that was answered with an error before anyone looked at it. */
  onRefused: (reason: string, status: number) => void;
}

export interface Receiver {
  /** Such as `http://127.0.0.1:4010/`; a POST to any path is taken. */
  url: string;
  /** Ends connections, whatever they are at. */
  close(): Promise<void>;
}

/** Takes POSTs on loopback, on a free port when `port` is 0. Rejects when the port is taken. */
export async function startReceiver(port: number, handlers: ReceiverHandlers): Promise<Receiver> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    // A sender that hangs up, or that the listener's end cuts off, wants no answer.
    answer(request, response, handlers).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { onPost, onRefused }: ReceiverHandlers,
): Promise<void> {
  const refuse = (reason: string, status: number): void => {
    onRefused(reason, status);
    response.writeHead(status, { connection: 'close' }).end();
  };
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return refuse(`${request.method} ${request.url}: only POST is taken`, 405);
  }
  const body = await readBody(request);
  if (body === undefined) return refuse(`a POST of more than ${MAX_BODY_BYTES / 1024} kB`, 413);
  const headers = request.headers as Record<string, string>;
  response.writeHead(onPost({ at: new Date(), headers, body })).end();
}

/** Undefined when it is too large. It is read to its end even so, or the sender would miss the answer. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}
