import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How an endpoint behaves: answers at once, answers late, never answers. */
export type Behaviour = 'good' | 'slow' | 'dead';

export interface DeliveryReceiver {
  url: (behaviour: Behaviour, endpoint: number) => string;
  /** When each event's first POST arrived, by `webhook-id`, in ms of `performance.now()`. */
  arrivals: Map<string, number>;
  posts: number;
  close: () => Promise<void>;
}

const SLOW_ANSWER_MS = 5000;

/** Receives for all endpoints, at one host, as a provider of webhooks does for its customers. */
export async function startDeliveryReceiver(): Promise<DeliveryReceiver> {
  const answer: Record<Behaviour, (response: ServerResponse) => void> = {
    good: (response) => response.writeHead(204).end(),
    slow: (response) => setTimeout(() => response.writeHead(204).end(), SLOW_ANSWER_MS),
    dead: () => undefined,
  };
  const server: Server = createServer((request, response) => {
    const id = String(request.headers['webhook-id']);
    if (!receiver.arrivals.has(id)) receiver.arrivals.set(id, performance.now());
    receiver.posts += 1;
    request.resume().on('end', () => answer[request.url!.split('/')[1] as Behaviour](response));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', 4096, resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: DeliveryReceiver = {
    url: (behaviour, endpoint) => `http://127.0.0.1:${port}/${behaviour}/${endpoint}`,
    arrivals: new Map(),
    posts: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return receiver;
}
