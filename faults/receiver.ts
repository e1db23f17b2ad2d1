import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One POST, as it came. */
export interface ReceivedPost {
  /** In ms, on this machine's clock. */
  at: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** What it was answered with; undefined when nothing was answered. */
  status: number | undefined;
}

/** Answers one POST; `attempt` counts those of its `webhook-id` from 1. Gives the status it answered with, if any. */
export type Answer = (response: ServerResponse, attempt: number) => number | undefined;

export const answerWith =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers).end();
    return status;
  };

/** Takes webhooks at any path, remembers every POST, and answers 204 unless told otherwise. */
export class Receiver {
  readonly posts: ReceivedPost[] = [];
  private readonly answers = new Map<string, Answer>();
  private readonly server = createServer(
    // A sender that hangs up before it has sent all has sent no POST.
    (request, response) => void this.receive(request, response).catch(() => undefined),
  );

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => void receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** The address of an endpoint, with its answers from now on. */
  url(name: string, answer?: Answer): string {
    if (answer) this.answers.set(`/${name}`, answer);
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  postsAt(name: string): ReceivedPost[] {
    return this.posts.filter(({ path }) => path === `/${name}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => void this.server.close(() => resolve()));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString();
    const headers = request.headers as Record<string, string>;
    const path = request.url!;
    const post: ReceivedPost = { at: Date.now(), path, headers, body, status: undefined };
    this.posts.push(post);
    const isSame = (other: ReceivedPost): boolean =>
      other.path === path && other.headers['webhook-id'] === headers['webhook-id'];
    const answer = this.answers.get(path) ?? answerWith(204);
    post.status = answer(response, this.posts.filter(isSame).length);
  }
}
