import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';

/** A server on every address of this machine that must never be reached. */
export interface Canary {
  readonly port: number;
  /** How many connections others have made so far. None is missed: one of our own, made now, is accepted after them. */
  touches(): Promise<number>;
  /** Makes a connection itself: whether the canary can be reached there at all. */
  isAt(host: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function startCanary(): Promise<Canary> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let own = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nreached');
  });
  // The unspecified address of IPv6 takes IPv4 too; a machine without IPv6 has no other.
  await listen(server, '::').catch(() => listen(server, '0.0.0.0'));
  const { port } = server.address() as AddressInfo;

  async function isAt(host: string): Promise<boolean> {
    const socket = new Socket().connect(port, host); // not `connect`, which a test may have led elsewhere
    try {
      await once(socket, 'connect');
      own += 1;
      await once(socket.resume(), 'close');
      return true;
    } catch {
      return false;
    }
  }

  return {
    port,
    isAt,
    touches: async () => {
      if (!(await isAt('127.0.0.1'))) throw new Error('the canary is dead');
      return accepted - own;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function listen(server: Server, host: string): Promise<void> {
  server.listen(0, host);
  await once(server, 'listening');
}
