import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Answer } from './origin.js';

/** One POST, as it came. */
export interface ReceivedPost {
  /** When its last byte came. */
  at: Date;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** A webhook receiver on this machine: it records every POST and answers the n-th with the n-th answer of its script. */
export interface WebhookReceiver {
  url(path?: string): string;
  /** The last answer is also that of every further POST; an empty script answers 204. */
  script: (Omit<Answer, 'delayMs'> | RequestListener)[];
  readonly posts: ReceivedPost[];
  /** Resolves when that many POSTs have come in all. */
  arrived(count: number): Promise<void>;
  /** The most POSTs that were waiting for their answer at one time. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

export async function startWebhookReceiver(...script: WebhookReceiver['script']): Promise<WebhookReceiver> {
  const posts: ReceivedPost[] = [];
  const arrivals = new EventEmitter();
  let begun = 0;
  let open = 0;
  let mostAtOnce = 0;

  const answerPost = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = receiver.script[Math.min(begun, receiver.script.length - 1)] ?? { status: 204 };
    begun += 1;
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    response.on('close', () => (open -= 1));
    posts.push(await received(request));
    arrivals.emit('post');
    if (typeof answer === 'function') return answer(request, response);
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  };
  // A sender that hangs up before it has sent all has sent no POST.
  const server = createServer((request, response) => void answerPost(request, response).catch(() => {}));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const receiver: WebhookReceiver = {
    script,
    posts,
    url: (path = '/hook') => `http://127.0.0.1:${port}${path}`,
    mostAtOnce: () => mostAtOnce,
    async arrived(count) {
      while (posts.length < count) await once(arrivals, 'post');
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return receiver;
}

async function received(request: IncomingMessage): Promise<ReceivedPost> {
  const headers = request.headers as Record<string, string>;
  const body = await buffer(request);
  return { at: new Date(), path: request.url!, headers, body };
}

/** An answer that waits until the test gives it. */
export function heldAnswer(): { listener: RequestListener; give: (answer: Answer) => void } {
  let give!: (answer: Answer) => void;
  const given = new Promise<Answer>((resolve) => (give = resolve));
  const listener: RequestListener = (_request, response) =>
    void given.then(({ status = 200, headers, body }) => response.writeHead(status, headers).end(body));
  return { listener, give };
}
