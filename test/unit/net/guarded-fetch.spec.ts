import { getEventListeners, getMaxListeners } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch, type GuardedRequest } from '../../../src/net/guarded-fetch.js';
import {
  badChunk,
  drip,
  endless,
  hugeHeaders,
  rawAnswer,
  redirectTo,
  resetBeforeHeaders,
  resetMidBody,
  shortContentLength,
  stall,
  startOrigin,
  type Origin,
} from '../../support/origin.js';

const REQUEST: GuardedRequest = { timeoutMs: 10_000, maxBytes: 100_000, maxRedirects: 3 };

let origin: Origin;
let guarded: GuardedFetch;

beforeEach(async () => {
  origin = await startOrigin();
  guarded = new GuardedFetch(parseEnv({ ALLOW_PRIVATE_ADDRESSES: 'true' }));
});

afterEach(async () => {
  await guarded.onApplicationShutdown();
  await origin.close();
});

const fetch = (path: string, request: Partial<GuardedRequest> = {}) =>
  guarded.fetch(origin.url(path), { ...REQUEST, ...request });

/** undici rests a connection for a turn of the event loop, so that two of them take turns. */
function expectConnectionsKept(): void {
  expect(origin.connections()).toBeLessThanOrEqual(2);
}

describe('an answer', () => {
  it('comes whole, with its status, headers and URL', async () => {
    const body = Buffer.alloc(90_000, 'photo');
    origin.serve('/photo.jpg', { status: 203, headers: { 'x-tag': ['a', 'b'] }, body });
    const response = await fetch('/photo.jpg?size=big');
    expect(response).toMatchObject({ status: 203, url: origin.url('/photo.jpg?size=big'), cut: false });
    expect(response.headers['x-tag']).toBe('a,b');
    expect(response.body.equals(body)).toBe(true);
  });

  it('may be an error of the host', async () => {
    await expect(fetch('/nothing')).resolves.toMatchObject({ status: 404 });
  });

  it('is asked for by name, without a content encoding', async () => {
    await fetch('/', { headers: { accept: 'image/*', 'user-agent': 'another' } });
    expect(origin.requests[0]!.headers).toMatchObject({ accept: 'image/*', 'accept-encoding': 'identity' });
    expect(origin.requests[0]!.headers['user-agent']).toMatch(/^Halftone\/\d/);
  });

  it('can be that of a POST', async () => {
    origin.serve('/hook', (request, response) => void request.pipe(response));
    const { body } = await fetch('/hook', { method: 'POST', body: '{"a":1}', maxRedirects: 0 });
    expect(body.toString()).toBe('{"a":1}');
  });

  it('comes over a connection that was used before', async () => {
    origin.serve('/photo.jpg', { body: 'photo' });
    for (let count = 0; count < 10; count += 1) await fetch('/photo.jpg');
    expect(origin.hits('/photo.jpg')).toBe(10);
    expectConnectionsKept();
  });

  it('never uses more connections to a host than FETCH_PER_HOST', async () => {
    const narrow = new GuardedFetch(parseEnv({ ALLOW_PRIVATE_ADDRESSES: 'true', FETCH_PER_HOST: '2' }));
    origin.serve('/photo.jpg', { body: 'photo', delayMs: 1 });
    await Promise.all(Array.from({ length: 20 }, () => narrow.fetch(origin.url('/photo.jpg'), REQUEST)));
    expect(origin.connections()).toBe(2);
    await narrow.onApplicationShutdown();
  });
});

describe('a body', () => {
  it('that is not wanted is given up when it is long', async () => {
    origin.serve('/page', endless());
    const asked: unknown[] = [];
    const wantsBody: GuardedRequest['wantsBody'] = (status, headers) => {
      asked.push(status, headers['content-type']);
      return false;
    };
    const admit = jest.fn<Promise<void>, [number | undefined]>();
    const response = await fetch('/page', { wantsBody, admit });
    expect(response).toMatchObject({ body: Buffer.alloc(0), cut: true });
    expect(asked).toEqual([200, 'image/jpeg']);
    expect(admit).not.toHaveBeenCalled();
  });

  it('that is not wanted costs no connection when it is short', async () => {
    origin.serve('/gone.jpg', { status: 404, body: 'x'.repeat(10_000) });
    for (let count = 0; count < 5; count += 1) {
      const response = await fetch('/gone.jpg', { wantsBody: (status) => status === 200 });
      expect(response).toMatchObject({ status: 404, body: Buffer.alloc(0) });
    }
    expectConnectionsKept();
  });

  it('that is not wanted leaves the status standing, even when it never ends', async () => {
    origin.serve('/gone.jpg', (_request, response) => void response.writeHead(404).write('Not fo'));
    const response = await fetch('/gone.jpg', { wantsBody: () => false, timeoutMs: 50 });
    expect(response.status).toBe(404);
  });

  it('that says that it is too large is refused before it is read', async () => {
    origin.serve('/photo.jpg', (_request, response) => {
      response.writeHead(200, { 'content-length': 10_000_000_000 });
      response.write('x');
    });
    const admit = jest.fn<Promise<void>, [number | undefined]>();
    await expect(fetch('/photo.jpg', { admit })).rejects.toMatchObject({ code: 'too_large_bytes' });
    expect(admit).not.toHaveBeenCalled();
  });

  it('that turns out to be too large is given up', async () => {
    origin.serve('/photo.jpg', endless());
    await expect(fetch('/photo.jpg')).rejects.toMatchObject({ code: 'too_large_bytes' });
  });

  it('may be just as large as allowed', async () => {
    origin.serve('/photo.jpg', { body: Buffer.alloc(100_000) });
    await expect(fetch('/photo.jpg')).resolves.toMatchObject({ cut: false });
    await expect(fetch('/photo.jpg', { maxBytes: 99_999 })).rejects.toMatchObject({
      code: 'too_large_bytes',
    });
  });

  it('that breaks off is given as far as it came to who takes a part of it, and to nobody else', async () => {
    origin.serve('/drip', drip());
    const failure = { code: 'timeout', partial: expect.any(Buffer) };
    await expect(fetch('/drip', { timeoutMs: 300, overflow: 'cut' })).rejects.toMatchObject(failure);
    const whole = fetch('/drip', { timeoutMs: 300 });
    await expect(whole).rejects.toMatchObject({ code: 'timeout', partial: undefined });
  });

  it('can be cut where it becomes too large', async () => {
    origin.serve('/long', { body: 'abcdef' });
    origin.serve('/endless', endless());
    const cut = await fetch('/long', { maxBytes: 4, overflow: 'cut' });
    expect(cut).toMatchObject({ body: Buffer.from('abcd'), cut: true });
    expect((await fetch('/endless', { overflow: 'cut' })).body).toHaveLength(100_000);
  });

  it.each([
    ['ends before its Content-Length', shortContentLength()],
    ['is reset', resetMidBody()],
    ['has a chunk that is none', badChunk()],
  ])('that %s is truncated', async (_what, behaviour) => {
    origin.serve('/photo.jpg', behaviour);
    await expect(fetch('/photo.jpg')).rejects.toMatchObject({ code: 'truncated' });
  });

  it('that breaks off while it waits to be admitted is truncated', async () => {
    origin.serve('/photo.jpg', (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('half');
    });
    const admit = async (): Promise<void> => {
      origin.requests[0]!.socket.resetAndDestroy();
      while (origin.openConnections() > 0) await sleep(1);
    };
    await expect(fetch('/photo.jpg', { admit })).rejects.toMatchObject({ code: 'truncated' });
  });
});

describe('no answer', () => {
  it('is connect_failed when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => void server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => void server.close(resolve));
    await expect(guarded.fetch(`http://127.0.0.1:${port}/`, REQUEST)).rejects.toMatchObject({
      code: 'connect_failed',
      message: 'The connection to the host failed.',
    });
  });

  it('is connect_failed when the connection is reset', async () => {
    origin.serve('/photo.jpg', resetBeforeHeaders());
    await expect(fetch('/photo.jpg')).rejects.toMatchObject({ code: 'connect_failed' });
  });

  it('is tls_failed when nobody vouches for the certificate', async () => {
    const secure = await startOrigin({ tls: true });
    await expect(guarded.fetch(secure.url('/'), REQUEST)).rejects.toMatchObject({ code: 'tls_failed' });
    expect(secure.requests).toEqual([]);
    await secure.close();
  });

  it('is tls_failed when the host does not speak TLS', async () => {
    const url = origin.url('/').replace('http:', 'https:');
    await expect(guarded.fetch(url, REQUEST)).rejects.toMatchObject({ code: 'tls_failed' });
  });

  it.each([
    ['sends 100 kB of headers', hugeHeaders()],
    ['speaks another protocol', rawAnswer('220 mail.example ESMTP\r\n')],
  ])('is http_unexpected when the host %s', async (_what, behaviour) => {
    origin.serve('/photo.jpg', behaviour);
    await expect(fetch('/photo.jpg')).rejects.toMatchObject({ code: 'http_unexpected' });
  });
});

describe('the deadline', () => {
  it.each<[string, RequestListener]>([
    ['before the headers', stall()],
    ['in headers that never end', (request) => void request.socket.write('HTTP/1.1 200 OK\r\nx-a')],
    ['in a body that never ends', drip()],
    [
      'in the body of a redirect',
      (_request, response) => void response.writeHead(302, { location: '/' }).write('x'),
    ],
  ])('ends a fetch %s', async (_where, behaviour) => {
    origin.serve('/photo.jpg', behaviour);
    await expect(fetch('/photo.jpg', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends a fetch while the name is looked up', async () => {
    const waiting = new GuardedFetch(parseEnv({}), () => new Promise(() => {}));
    const fetching = waiting.fetch('http://shop.example/', { ...REQUEST, timeoutMs: 20 });
    await expect(fetching).rejects.toMatchObject({ code: 'timeout' });
    await waiting.onApplicationShutdown();
  });

  it('counts over all redirects', async () => {
    origin.serve('/loop', { ...redirectTo('/loop'), delayMs: 30 });
    const fetching = fetch('/loop', { timeoutMs: 100, maxRedirects: 1000 });
    await expect(fetching).rejects.toMatchObject({ code: 'timeout' });
  });

  it('stands still while the body waits to be admitted', async () => {
    origin.serve('/photo.jpg', { body: 'photo' });
    const lengths: unknown[] = [];
    const admit = async (contentLength: number | undefined): Promise<void> => {
      lengths.push(contentLength);
      await sleep(1100);
    };
    const { body } = await fetch('/photo.jpg', { timeoutMs: 1000, admit });
    expect(body.toString()).toBe('photo');
    expect(lengths).toEqual([5]);
  });

  it('stands still while a body that has grown waits for room', async () => {
    let sendMore = (): void => {};
    origin.serve('/photo.jpg', (_, response) => {
      response.write('pho');
      sendMore = () => void response.end('to');
    });
    const grow = (length: number): Promise<void> | undefined =>
      length === 3 ? sleep(1100).then(() => sendMore()) : undefined;
    const { body } = await fetch('/photo.jpg', { timeoutMs: 1000, grow });
    expect(body.toString()).toBe('photo');
  });
});

describe('the signal', () => {
  it('ends a fetch wherever it is, with its reason', async () => {
    origin.serve('/drip', drip());
    const stopping = new AbortController();
    const fetching = fetch('/drip', { signal: stopping.signal, admit: async () => stopping.abort('stop') });
    await expect(fetching).rejects.toMatchObject({ code: 'aborted', cause: 'stop' });
  });

  it('ends it before it begins', async () => {
    await expect(fetch('/', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(origin.hits('/')).toBe(0);
  });

  it('may be that of many fetches, and keeps nothing of them', async () => {
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => fetch('/', { signal })));
    expect(getMaxListeners(signal)).toBe(Infinity); // or Node warns of a leak
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

it("ends with admit's own error when the body is not admitted", async () => {
  const reason = new Error('no room');
  await expect(fetch('/', { admit: () => Promise.reject(reason) })).rejects.toBe(reason);
});

it('ends with the application', async () => {
  origin.serve('/photo.jpg', stall());
  const [ending] = await Promise.allSettled([fetch('/photo.jpg'), stopWhenAsked()]);
  expect(ending).toMatchObject({ reason: { code: 'aborted' } });

  async function stopWhenAsked(): Promise<void> {
    while (origin.hits('/photo.jpg') === 0) await sleep(1);
    await guarded.onApplicationShutdown();
  }
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is followed, and its connection kept', async (status) => {
    origin.serve('/old/1.jpg', redirectTo('../new/1.jpg', status));
    origin.serve('/new/1.jpg', { body: 'photo' });
    const response = await fetch('/old/1.jpg');
    expect(response).toMatchObject({ status: 200, url: origin.url('/new/1.jpg') });
    for (let count = 0; count < 4; count += 1) await fetch('/old/1.jpg');
    expectConnectionsKept();
  });

  it('may lead to a place in any script', async () => {
    origin.serve('/old.jpg', redirectTo('/größe/写真.jpg'));
    origin.serve('/gr%C3%B6%C3%9Fe/%E5%86%99%E7%9C%9F.jpg', { body: 'photo' });
    await expect(fetch('/old.jpg')).resolves.toMatchObject({ status: 200 });
  });

  it('is followed so often and no more', async () => {
    for (const step of [0, 1, 2, 3]) origin.serve(`/${step}`, redirectTo(`/${step + 1}`));
    origin.serve('/4', { body: 'photo' });
    await expect(fetch('/1')).resolves.toMatchObject({ status: 200 });
    await expect(fetch('/0')).rejects.toMatchObject({ code: 'redirect_limit' });
  });

  it('to itself comes to an end', async () => {
    origin.serve('/loop', redirectTo('/loop'));
    await expect(fetch('/loop')).rejects.toMatchObject({ code: 'redirect_limit' });
    expect(origin.hits('/loop')).toBe(4);
  });

  it.each(['file:///etc/passwd', 'data:,x', 'ftp://127.0.0.1/', 'http://user@127.0.0.1/', 'http://'])(
    'to %s is blocked',
    async (location) => {
      origin.serve('/photo.jpg', redirectTo(location));
      await expect(fetch('/photo.jpg')).rejects.toMatchObject({ code: 'redirect_blocked' });
    },
  );

  it('is handed back when none is to be followed, of a POST, and without a place to go to', async () => {
    origin.serve('/here', redirectTo('/there'));
    origin.serve('/nowhere', redirectTo(''));
    await expect(fetch('/here', { maxRedirects: 0 })).resolves.toMatchObject({ status: 302 });
    await expect(fetch('/here', { method: 'POST' })).resolves.toMatchObject({ status: 302 });
    await expect(fetch('/nowhere')).resolves.toMatchObject({ status: 302 });
    expect(origin.hits('/there')).toBe(0);
  });
});
