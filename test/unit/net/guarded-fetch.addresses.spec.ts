import type { LookupAddress } from 'node:dns';
import net, { isIP } from 'node:net';
import { BAD_URLS, INSIDE_NAMES, type BadUrl } from '../../../fuzz/addresses/bad-urls.js';
import { startCanary, type Canary } from '../../../fuzz/addresses/canary.js';
import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { redirectTo, startOrigin, type Origin } from '../../support/origin.js';

const REQUEST = { timeoutMs: 5000, maxBytes: 1000, maxRedirects: 5 };
const PUBLIC = '93.184.216.34';
/** Those that say where they lead without the URL that redirects to them, and that can stand in a header. */
const TARGETS = BAD_URLS.filter(({ url }) => /^[a-z]+:\/\/[^\p{Cc}\p{Cs}]+$/iu.test(url)).map(
  (bad): [string, BadUrl] => [bad.url.slice(0, 70), bad],
);

let canary: Canary;
let internet: Origin;
let guarded: GuardedFetch;
let names: Record<string, string[]>;

beforeEach(async () => {
  canary = await startCanary();
  internet = await startOrigin();
  names = { 'shop.example': [PUBLIC] };
  for (const [name, address] of Object.entries(INSIDE_NAMES)) names[name] = [address];
  guarded = new GuardedFetch(parseEnv({ ALLOWED_PORTS: `80,443,${canary.port}` }), async (name) =>
    (names[name.replace(/\.$/, '')] ?? []).map((address) => ({ address, family: isIP(address) })),
  );
  leadToInternet();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await guarded.onApplicationShutdown();
  await internet.close();
  await canary.close();
});

/** Everything that leaves for a name arrives at a server of ours, which seems to be at PUBLIC; nothing else leaves. */
function leadToInternet(): void {
  const connect = net.connect as unknown as (options: net.TcpNetConnectOpts) => net.Socket;
  jest.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
    if (isIP(options.host!)) return connect(options);
    const socket = connect({
      ...options,
      port: internet.port,
      lookup: (host, rules, done) =>
        options.lookup!(host, rules, (error, addresses) =>
          done(
            error,
            error ? [] : (addresses as LookupAddress[]).map(() => ({ address: '127.0.0.1', family: 4 })),
          ),
        ),
    });
    Object.defineProperty(socket, 'remoteAddress', { value: PUBLIC });
    return socket;
  }) as typeof net.connect);
}

const atCanary = (host: string): string => `http://${host}:${canary.port}/`;
const photo = 'http://shop.example/photo.jpg';

it('a public host is reached', async () => {
  internet.serve('/photo.jpg', { body: 'photo' });
  const { body } = await guarded.fetch(photo, REQUEST);
  expect(body.toString()).toBe('photo');
});

describe('a name', () => {
  it.each([
    ['an address that is not public', ['127.0.0.1']],
    ['one that is not among others that are', [PUBLIC, '127.0.0.1']],
    ['one that is not before others that are', ['127.0.0.1', PUBLIC]],
    ['one that is not, in IPv6', ['::ffff:7f00:1']],
    ['one that wraps a public one', ['::ffff:8.8.8.8']],
  ])('of %s is denied', async (_what, addresses) => {
    names['trap.example'] = addresses;
    await expect(guarded.fetch(atCanary('trap.example'), REQUEST)).rejects.toMatchObject({
      code: 'address_blocked',
    });
    expect(await canary.touches()).toBe(0);
    expect(internet.connections()).toBe(0);
  });

  it('cannot become that of a private address between two connections', async () => {
    internet.serve('/photo.jpg', { body: 'photo', headers: { connection: 'close' } });
    await guarded.fetch(photo, REQUEST);
    names['shop.example'] = ['10.0.0.1'];
    await expect(guarded.fetch(photo, REQUEST)).rejects.toMatchObject({ code: 'address_blocked' });
    expect(internet.connections()).toBe(1);
  });

  it('cannot become one between two redirects', async () => {
    internet.serve('/photo.jpg', (_request, response) => {
      names['shop.example'] = ['127.0.0.1'];
      response.writeHead(302, { location: atCanary('shop.example') }).end();
    });
    await expect(guarded.fetch(photo, REQUEST)).rejects.toMatchObject({ code: 'address_blocked' });
    expect(await canary.touches()).toBe(0);
  });
});

describe('a public host', () => {
  it.each(TARGETS)('cannot redirect to %s', async (_, { url, ends }) => {
    const target = url.replace('PORT', String(canary.port));
    internet.serve('/photo.jpg', redirectTo(target));
    await expect(guarded.fetch(photo, REQUEST)).rejects.toMatchObject({
      code: ends.startsWith('url_') ? 'redirect_blocked' : ends,
    });
    expect(internet.hits('/photo.jpg')).toBe(1);
    expect(internet.requests).toHaveLength(1);
    expect(await canary.touches()).toBe(0);
  });
});
