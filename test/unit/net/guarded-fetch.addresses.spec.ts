import type { LookupAddress } from 'node:dns';
import net from 'node:net';
import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { redirectTo, startOrigin, type Origin } from '../../support/origin.js';

const REQUEST = { timeoutMs: 5000, maxBytes: 1000, maxRedirects: 5 };

/** Forms of this machine's own address, all of which reach the canary when nobody guards it. */
const LOOPBACK = [
  '127.0.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '127.1',
  '0',
  '0.0.0.0',
  '127.0.0.1.',
  '%31%32%37.0.0.1',
  '①②⑦.0.0.1',
  '127。0。0。1',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
];

const NOT_PUBLIC = [
  '[::1]',
  '[::]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::1]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  '[2600::5efe:7f00:1]',
  '[fe80::1]',
  '[ff02::1]',
  '[fec0::1]',
  '[fd00:ec2::254]',
  '[fc00::1]',
  '[100::1]',
  '[5f00::1]',
  '[4000::1]',
  '169.254.169.254',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.2.1',
  '198.51.100.1',
  '203.0.113.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
];

let canary: Origin;
let guarded: GuardedFetch;
let names: Record<string, LookupAddress[]>;

beforeEach(async () => {
  canary = await startOrigin({ host: '0.0.0.0' });
  canary.serve('/', { body: 'reached' });
  names = {};
  guarded = new GuardedFetch(
    parseEnv({ ALLOWED_PORTS: `80,${canary.port}` }),
    async (name) => names[name] ?? [],
  );
});

afterEach(async () => {
  jest.restoreAllMocks();
  await guarded.onApplicationShutdown();
  await canary.close();
});

const atCanary = (host: string): string => `http://${host}:${canary.port}/`;

describe('an address that is not public', () => {
  it.each([...LOOPBACK, ...NOT_PUBLIC])('is never reached as %s', async (host) => {
    await expect(guarded.fetch(atCanary(host), REQUEST)).rejects.toMatchObject({
      code: 'address_blocked',
      message: 'The address of the host is not one that may be fetched.',
    });
    expect(canary.connections()).toBe(0);
  });

  it.each([
    ['a name of it', ['127.0.0.1']],
    ['a name of it and of a public one', ['93.184.216.34', '127.0.0.1']],
    ['a name of it in IPv6', ['::ffff:7f00:1']],
  ])('is never reached by %s', async (_what, addresses) => {
    names['shop.example'] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    await expect(guarded.fetch(atCanary('shop.example'), REQUEST)).rejects.toMatchObject({
      code: 'address_blocked',
    });
    expect(canary.connections()).toBe(0);
  });

  it.each(['localhost', 'localhost.', 'user@127.0.0.1', 'example.com@127.0.0.1', '[fe80::1%25lo]'])(
    'is never reached as %s, which is no URL to fetch',
    async (host) => {
      await expect(guarded.fetch(atCanary(host), REQUEST)).rejects.toMatchObject({ code: 'url_invalid' });
      expect(canary.connections()).toBe(0);
    },
  );

  it('is never reached on the way through a proxy', async () => {
    const { env } = process;
    process.env = {
      ...env,
      HTTP_PROXY: atCanary('127.0.0.1'),
      http_proxy: atCanary('127.0.0.1'),
      ALL_PROXY: atCanary('127.0.0.1'),
    };
    try {
      const started = new GuardedFetch(parseEnv({}), async () => []);
      await expect(started.fetch('http://shop.example/', REQUEST)).rejects.toMatchObject({
        code: 'dns_failed',
      });
      await started.onApplicationShutdown();
    } finally {
      process.env = env;
    }
    expect(canary.connections()).toBe(0);
  });
});

describe('with private addresses allowed', () => {
  it.each([...LOOPBACK, 'localhost'])('%s is reached', async (host) => {
    const open = new GuardedFetch(parseEnv({ ALLOW_PRIVATE_ADDRESSES: 'true' }));
    const { body } = await open.fetch(atCanary(host), REQUEST);
    expect(body.toString()).toBe('reached');
    await open.onApplicationShutdown();
  });
});

describe('a public host', () => {
  const PUBLIC = '93.184.216.34';
  let internet: Origin;

  beforeEach(async () => {
    internet = await startOrigin();
    names['shop.example'] = [{ address: PUBLIC, family: 4 }];
    // Everything that leaves for PUBLIC arrives at a server of ours; nothing else leaves.
    const connect = net.connect as unknown as (options: net.TcpNetConnectOpts) => net.Socket;
    jest.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
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
  });

  afterEach(() => internet.close());

  it('is reached', async () => {
    internet.serve('/photo.jpg', { body: 'photo' });
    const { body } = await guarded.fetch('http://shop.example/photo.jpg', REQUEST);
    expect(body.toString()).toBe('photo');
  });

  it.each([...LOOPBACK, '169.254.169.254', '[::1]', 'inside.example'])(
    'cannot redirect to %s',
    async (host) => {
      names['inside.example'] = [{ address: '127.0.0.1', family: 4 }];
      internet.serve('/photo.jpg', redirectTo(atCanary(host)));
      await expect(guarded.fetch('http://shop.example/photo.jpg', REQUEST)).rejects.toMatchObject({
        code: 'address_blocked',
      });
      expect(internet.hits('/photo.jpg')).toBe(1);
      expect(canary.connections()).toBe(0);
    },
  );

  it('cannot become a private one between two connections', async () => {
    internet.serve('/photo.jpg', { body: 'photo', headers: { connection: 'close' } });
    await guarded.fetch('http://shop.example/photo.jpg', REQUEST);
    names['shop.example'] = [{ address: '10.0.0.1', family: 4 }];
    await expect(guarded.fetch('http://shop.example/photo.jpg', REQUEST)).rejects.toMatchObject({
      code: 'address_blocked',
    });
    expect(internet.connections()).toBe(1);
  });
});
