import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { startRawHost, type Behaviour, type RawHost } from './raw-host.js';

const REQUEST = { timeoutMs: 10_000, maxBytes: 1000, maxRedirects: 5 };

let guarded: GuardedFetch;
let host: RawHost;

beforeEach(() => {
  guarded = new GuardedFetch(parseEnv({ ALLOW_PRIVATE_ADDRESSES: 'true' }));
});

afterEach(async () => {
  await guarded.onApplicationShutdown();
  await host.close();
});

const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** The path that was asked for, which every honest answer here has for its body. */
const pathOf = (head: string): string => head.split(' ')[1]!;
const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);

async function get(path: string): Promise<string> {
  const { body } = await guarded.fetch(new URL(path, host.url).href, REQUEST);
  return body.toString();
}

/** Each answer has a second one behind it, in the same packet. */
const smuggling: Behaviour = (socket, head) => void socket.write(answer(pathOf(head)) + answer('evil'));

describe('a second answer behind the first', () => {
  it('is not taken for that of the next request', async () => {
    host = await startRawHost(smuggling);
    for (const path of paths) expect(await get(path)).toBe(path);
  });

  it('is not taken for that of a request that waits for the connection', async () => {
    host = await startRawHost(smuggling);
    expect(await Promise.all(paths.map(get))).toEqual(paths);
  });

  it('is not taken when it comes while the connection rests', async () => {
    const sent: Promise<void>[] = [];
    host = await startRawHost((socket, head) => {
      socket.write(answer(pathOf(head)));
      // The connection is closed over it: so long nothing else is asked.
      const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
      setTimeout(() => socket.write(answer('evil')), 5);
      sent.push(closed);
    });
    for (const path of paths.slice(0, 10)) {
      expect(await get(path)).toBe(path);
      await sent.at(-1);
    }
    expect(host.connections()).toBe(10);
  });

  it.each([
    ['a body of another length', (path: string) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${path}`],
    [
      'a chunk behind the last',
      (path: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n/\r\n0\r\n\r\n${path}`,
    ],
    ['a body where none may be', (path: string) => `HTTP/1.1 204 No Content\r\n\r\n${path}`],
  ])('can be %s: its connection is not used again', async (_, whole) => {
    host = await startRawHost((socket, head) => void socket.write(whole(pathOf(head))));
    for (const path of paths.slice(0, 10)) expect(await get(path)).toBe(whole('').includes('204') ? '' : '/');
    expect(host.connections()).toBe(10);
  });
});

describe('an answer before the question', () => {
  it('is an answer of the host all the same, on one connection', async () => {
    host = await startRawHost(
      () => {},
      (socket) => void socket.write(answer('early')),
    );
    expect(await get('/')).toBe('early');
    expect(host.connections()).toBe(1);
  });

  it('does not make us come back again and again when it is no HTTP', async () => {
    host = await startRawHost(
      () => {},
      (socket) => void socket.write('220 mail.example ESMTP\r\n'),
    );
    await expect(get('/')).rejects.toMatchObject({ code: 'http_unexpected' });
    expect(host.connections()).toBe(1);
  });
});

it('a connection that broke is not used again, nor its request sent twice', async () => {
  host = await startRawHost((socket, head) => {
    if (pathOf(head) === '/breaks') socket.resetAndDestroy();
    else socket.write(answer(pathOf(head)));
  });
  expect(await get('/before')).toBe('/before');
  await expect(get('/breaks')).rejects.toMatchObject({ code: 'connect_failed' });
  expect(await get('/after')).toBe('/after');
  expect(host.heads.map(pathOf)).toEqual(['/before', '/breaks', '/after']);
});
