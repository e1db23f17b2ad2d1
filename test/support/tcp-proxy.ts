import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that can go bad. */
export interface TcpProxy {
  /** The given URL, by way of the proxy. */
  url: string;
  /**
   * From now on nothing passes over the connections that there are, and neither side is told; new ones are as good as ever.
   */
  fallSilent(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((socket) => {
    const onwards = connect(Number(target.port), target.hostname);
    pairs.add([socket, onwards]);
    for (const one of [socket, onwards]) one.on('error', () => undefined);
    socket.pipe(onwards).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    fallSilent() {
      for (const [socket, onwards] of pairs) {
        socket.unpipe().resume();
        onwards.unpipe().resume();
      }
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await closed;
    },
  };
}
