import { EventEmitter, once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';

/** An event as it came; its data is JSON. */
export interface StreamedEvent<Data> {
  id: string;
  event: string;
  data: Data;
}

/** A listener to server-sent events, on a connection of its own that it would keep. It does not come back by itself. */
export class EventStreamClient<Data> {
  /** Everything that came, as it came. */
  raw = '';
  ended = false;
  private readonly changed = new EventEmitter().setMaxListeners(0);

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.raw += chunk;
      this.changed.emit('change');
    });
    response.on('end', () => (this.ended = true)).on('error', () => undefined);
    response.on('close', () => this.changed.emit('change'));
  }

  /** Resolves when the answer has begun, whatever its status. */
  static async open<Data>(
    url: string,
    headers: Record<string, string> = {},
  ): Promise<EventStreamClient<Data>> {
    const [response] = (await once(
      get(url, { headers, agent: new Agent({ keepAlive: true }) }),
      'response',
    )) as [IncomingMessage];
    return new EventStreamClient(response);
  }

  /** The events that have come entirely. */
  get events(): StreamedEvent<Data>[] {
    return this.raw
      .split('\n\n')
      .slice(0, -1)
      .map((block) => new Map(block.split('\n').map((line) => splitField(line))))
      .filter((fields) => fields.has('data'))
      .map((fields) => ({
        id: fields.get('id')!,
        event: fields.get('event')!,
        data: JSON.parse(fields.get('data')!) as Data,
      }));
  }

  /** Resolves as soon as what came so far satisfies; fails when the stream is over without that. */
  async until(satisfied: (client: this) => boolean): Promise<this> {
    while (!satisfied(this)) {
      if (this.response.closed) throw new Error(`the stream is over: ${this.raw.slice(-1000)}`);
      await once(this.changed, 'change');
    }
    return this;
  }

  /** Resolves when the stream is over; `ended` then says whether it was ended or broke off. */
  async closed(): Promise<this> {
    while (!this.response.closed) await once(this.changed, 'change');
    return this;
  }

  /** Goes away without a word. */
  leave(): void {
    this.response.destroy();
  }
}

function splitField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
