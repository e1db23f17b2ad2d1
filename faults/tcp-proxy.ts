import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

interface Link {
  client: Socket;
  upstream: Socket;
  /** Nothing passes any more, in either direction, and nobody is told. */
  blackHole: boolean;
  /** How many bytes of the upstream's still pass before both ends are reset. */
  bytesLeft: number;
}

/** Stands between the service and a store, and does to their connections what networks do. */
export class TcpProxy {
  /** Before each block of bytes, in both directions. */
  latencyMs = 0;
  /** Takes connections and resets them at once. */
  down = false;
  /** Called with every block of bytes that a client sends; true: it arrives, and instead of its answer comes a reset. */
  onRequest: ((bytes: Buffer) => boolean) | undefined;
  private readonly links = new Set<Link>();
  private readonly server = createServer((client) => this.accept(client));

  private constructor(private targetPort: number) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve) => void proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Where connections lead from now on. */
  retarget(port: number): void {
    this.targetPort = port;
  }

  /** Half-opens the connections there are: both ends believe in them, and nothing comes. New ones are well. */
  blackHole(): number {
    for (const link of this.links) link.blackHole = true;
    return this.links.size;
  }

  /** Resets the connections there are. */
  reset(): number {
    const { size } = this.links;
    for (const link of this.links) cut(link);
    return size;
  }

  /** Resets each connection there is after so many more bytes of answers, so in the middle of one. */
  cutAfter(bytes: number): number {
    for (const link of this.links) link.bytesLeft = bytes;
    return this.links.size;
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise<void>((resolve) => void this.server.close(() => resolve()));
  }

  private accept(client: Socket): void {
    // Every end of a connection is one that the other side is told of; what kind of error it was does not matter.
    client.on('error', () => undefined);
    if (this.down) return reset(client);
    const upstream = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true });
    upstream.on('error', () => reset(client));
    client.setNoDelay(true);
    const link: Link = { client, upstream, blackHole: false, bytesLeft: Infinity };
    this.links.add(link);
    client.on('data', (bytes: Buffer) => {
      if (this.onRequest?.(bytes)) link.bytesLeft = 0;
      this.pass(link, bytes, upstream);
    });
    upstream.on('data', (bytes: Buffer) => {
      link.bytesLeft -= bytes.length;
      if (link.bytesLeft < 0) cut(link);
      else this.pass(link, bytes, client);
    });
    upstream.on('close', () => link.blackHole || this.after(() => client.destroy()));
    client.on('close', () => {
      this.links.delete(link);
      upstream.destroy();
    });
  }

  private pass(link: Link, bytes: Buffer, to: Socket): void {
    if (!link.blackHole) this.after(() => link.blackHole || to.write(bytes));
  }

  /** Timers of one length fire in the order they were set, so blocks do not overtake each other while the latency stands. */
  private after(step: () => void): void {
    if (this.latencyMs > 0) setTimeout(step, this.latencyMs);
    else step();
  }
}

function cut({ client, upstream }: Link): void {
  reset(client);
  reset(upstream);
}

/**
 * A socket that is just ending must not be reset as well: libuv refuses it, its handle stays half closed, and Node 20
 * waits for that handle at the end of the process, for ever and at full speed.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
