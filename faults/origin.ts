import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { BEHAVIOURS, type BehaviourName } from './behaviours.js';
import { picture } from './pictures.js';

/** Image hosts: the path of a URL says how the host behaves for it, `/{behaviour}/{upload}/{picture}.jpg`. */
export class Origin {
  /** Before every answer: so long does one image take. */
  delayMs = 150;
  /** How often each path was asked for. */
  readonly hits = new Map<string, number>();
  /** Connections to where nobody may be led. */
  canaryVisits = 0;
  private readonly server = createServer((request, response) => void this.answer(request, response));
  private readonly canary = createTcpServer((socket) => {
    this.canaryVisits += 1;
    socket.destroy();
  });

  static async start(): Promise<Origin> {
    const origin = new Origin();
    for (const server of [origin.server, origin.canary])
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return origin;
  }

  get canaryPort(): number {
    return (this.canary.address() as AddressInfo).port;
  }

  url(behaviour: BehaviourName, upload: string, number: number): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${behaviour}/${upload}/${number}.jpg`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    for (const server of [this.server, this.canary])
      await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  private async answer(...[request, response]: Parameters<RequestListener>): Promise<void> {
    const path = request.url!;
    const hit = (this.hits.get(path) ?? 0) + 1;
    this.hits.set(path, hit);
    const [, behaviour, , file] = path.split('/');
    const jpeg = await picture(Number.parseInt(file!, 10));
    const listener = BEHAVIOURS[behaviour as BehaviourName].answer({ jpeg, hit, canary: this.canaryPort });
    setTimeout(() => listener(request, response), this.delayMs);
  }
}
