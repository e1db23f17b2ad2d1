import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What a host does with a connection once the head of a request is there. Called again for the next request on it. */
export type Behaviour = (socket: Socket, head: string) => void;

/** A host that speaks whatever it likes, HTTP or not. */
export interface RawHost {
  url: string;
  /** The head of every request so far. */
  readonly heads: string[];
  /** How many connections were ever made. */
  connections(): number;
  /** Resolves once all connections that are open now are closed. */
  left(): Promise<void>;
  close(): Promise<void>;
}

export async function startRawHost(
  behaviour: Behaviour,
  onConnection: (socket: Socket) => void = () => {},
): Promise<RawHost> {
  const open = new Set<Socket>();
  const heads: string[] = [];
  let connected = 0;
  const server = createServer((socket) => {
    connected += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    let received = '';
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        heads.push(head);
        behaviour(socket, head);
      }
    });
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/photo.jpg`,
    heads,
    connections: () => connected,
    left: async () => {
      await Promise.all(
        Array.from(open, (socket) => new Promise((resolve) => void socket.once('close', resolve))),
      );
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** Says it and waits for what the other side makes of it. */
export function says(...parts: (string | Buffer)[]): Behaviour {
  return (socket) => parts.forEach((part) => void socket.write(part));
}

/** Says it and hangs up. */
export function saysAndEnds(...parts: (string | Buffer)[]): Behaviour {
  return (socket) => void socket.end(Buffer.concat(parts.map((part) => Buffer.from(part))));
}

/** Says it and resets the connection. */
export function saysAndResets(text: string): Behaviour {
  return (socket) => void socket.write(text, () => socket.resetAndDestroy());
}

/** Says `first`, and then `again` as often as the other side takes it. */
export function saysForEver(first: string | Buffer, again: string | Buffer): Behaviour {
  const block = Buffer.from(again);
  const many = Buffer.concat(Array.from({ length: Math.ceil(65_536 / block.length) }, () => block));
  return (socket) => {
    const fill = (): void => {
      while (!socket.destroyed && socket.write(many)) continue;
    };
    socket.on('drain', fill);
    socket.write(first);
    fill();
  };
}

/** Says `first`, and then `again` every few milliseconds. */
export function drips(first: string, again: string, everyMs = 10): Behaviour {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(again), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}
