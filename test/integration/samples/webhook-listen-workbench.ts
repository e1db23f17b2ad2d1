import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { signatureHeaders } from '../../../src/webhooks/signature.js';
import { waitFor } from '../../support/wait-for.js';

const LISTEN = join(__dirname, '../../../dist/samples/webhook-listen.js');

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const WEBHOOK_ID = 'whk_01a1fc27b23777a1bd6b7c192472b46d';

/** `npm run webhook:listen` without npm. */
export interface Listener {
  /** Everything it has printed, the errors too. */
  output(): string;
  /** Resolves with the match once it has printed this. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Where it listens. */
  url(): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Nobody reads any more what it prints. */
  closePipe(): void;
  /** Its exit code, or the signal that ended it. */
  ended(): Promise<number | string>;
}

const started: (() => Promise<unknown>)[] = [];

/** Ends whatever a test has started. */
export async function endAll(): Promise<void> {
  await Promise.all(started.splice(0).map((end) => end()));
}

export const startListener = (...args: string[]): Listener => startListenerWithKey('', ...args);

/** With `API_KEY`, which is empty when there is none. */
export function startListenerWithKey(key: string, ...args: string[]): Listener {
  const env = { ...process.env, API_KEY: key };
  const child = spawn(process.execPath, [LISTEN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  // 'close' comes after all that it printed has been read, which 'exit' does not.
  let closed = false;
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  child.once('close', () => (closed = true));
  started.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    waitFor(`${String(pattern)} among what was printed`, async () => {
      const match = pattern.exec(output);
      if (!match && closed) throw new Error(`it ended with ${child.exitCode}: ${output}`);
      return match ?? undefined;
    });
  return {
    output: () => output,
    printed,
    url: async () => (await printed(/Listening at (\S+\/)/))[1]!,
    signal: (signal) => child.kill(signal),
    closePipe: () => child.stdout.destroy(),
    async ended() {
      const [code, signal] = await ended;
      return code ?? signal!;
    },
  };
}

/** What the API does instead of what it should. */
export type Misbehaviour = (response: ServerResponse) => void;

export interface ApiDouble {
  url: string;
  /** Such as `POST /api/webhooks`, in order. */
  calls: string[];
  /** What they were authorized with, in the same order. */
  authorizations: (string | undefined)[];
  /** The URL that was registered, once it was. */
  registeredUrl?: string;
}

/** The three routes the listener needs, as the API answers them; `misbehave` has a word for some, by `calls`' names. */
export async function startApi(misbehave: Record<string, Misbehaviour> = {}): Promise<ApiDouble> {
  const api: ApiDouble = { url: '', calls: [], authorizations: [] };
  const routes: Record<string, (response: ServerResponse, body: string) => void> = {
    'POST /api/webhooks': (response, body) => {
      api.registeredUrl = (JSON.parse(body) as { webhook_url: string }).webhook_url;
      answerJson(response, 201, { webhook_id: WEBHOOK_ID, webhook_url: api.registeredUrl, secret: SECRET });
    },
    [`POST /api/webhooks/${WEBHOOK_ID}/test`]: (response) => {
      answerJson(response, 202, { delivery_id: 'dlv_1', event_id: 'evt_test', type: 'endpoint.test' });
      // A listener that ends in the middle of it is what some tests are about.
      void post(api.registeredUrl!, TEST_EVENT, { id: 'evt_test' }).catch(() => {});
    },
    [`DELETE /api/webhooks/${WEBHOOK_ID}`]: (response) => void response.writeHead(204).end(),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = `${request.method} ${request.url}`;
    const body = await text(request);
    api.calls.push(call);
    api.authorizations.push(request.headers.authorization);
    (misbehave[call] ?? routes[call]!)(response, body);
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return api;
}

/** An answer of the problem filter. */
export function problem(status: number, code: string, detail: string): Misbehaviour {
  return (response) => answerJson(response, status, { title: 'A problem', status, detail, code });
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export const TEST_EVENT = {
  type: 'endpoint.test',
  timestamp: '2026-11-20T14:03:06.000Z',
  request_id: null,
  status: 'test',
  message: 'This is a test',
  output_csv_url: null,
  data: { webhook_id: WEBHOOK_ID, events: ['request.completed'] },
};

/** A POST as the service sends it; the status it is answered with. */
export async function post(
  url: string,
  event: object,
  { id = 'evt_1', secret = SECRET, at = new Date() }: { id?: string; secret?: string; at?: Date } = {},
): Promise<number> {
  const body = JSON.stringify(event);
  const headers = { 'content-type': 'application/json', ...signatureHeaders([secret], id, at, body) };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}
