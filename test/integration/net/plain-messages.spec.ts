import type { LookupAddress } from 'node:dns';
import net, { isIP } from 'node:net';
import { errors } from 'undici';
import { startCanary, type Canary } from '../../../fuzz/addresses/canary.js';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { freePort } from '../../../src/net/free-port.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { ImageDownloader } from '../../../src/processing/image-downloader.js';
import type { ImageError } from '../../../src/processing/image-error.js';
import { outcomeOfError } from '../../../src/processing/retry.js';
import { WebhookSender } from '../../../src/webhooks/webhook-sender.js';
import { saysAndResets, startRawHost } from './raw-host.js';

const PUBLIC = '93.184.216.34';
const SECRETS = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
const NAMES: Record<string, string[]> = {
  'inside.example': ['127.0.0.1'],
  'half.example': [PUBLIC, '10.0.0.1'],
  'empty-net.example': ['10.99.99.99'],
  'public.example': [PUBLIC],
  'two.example': [PUBLIC, '2606:2800:220:1::1'],
};

let canary: Canary;
let opened: GuardedFetch[];

beforeEach(async () => {
  canary = await startCanary();
  opened = [];
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const guarded of opened) await guarded.onApplicationShutdown();
  await canary.close();
});

const lookup = async (name: string): Promise<LookupAddress[]> =>
  NAMES[name]!.map((address) => ({ address, family: isIP(address) }));

function open(settings: Record<string, string>): [GuardedFetch, Env] {
  const env = parseEnv(settings);
  const guarded = new GuardedFetch(env, lookup);
  opened.push(guarded);
  return [guarded, env];
}

/** All that the status of an image and the log of a delivery say about a URL that gives no answer; no times. */
async function toldOf(
  url: string,
  settings: Record<string, string>,
): Promise<{ image: unknown; webhook: unknown }> {
  const [guarded, env] = open(settings);
  const { signal } = new AbortController();
  const downloading = new ImageDownloader(guarded, env).download(url, { signal, admit: async () => {} });
  const failure: unknown = await downloading.catch((error: unknown) => error);
  const outcome = outcomeOfError(failure as ImageError, 0, 1, 0);
  const event = { eventId: 'evt_1', body: '{}' };
  const attempt = await new WebhookSender(guarded, env).post({ url, secrets: SECRETS }, event, signal);
  const { at: _at, durationMs: _durationMs, ...webhook } = attempt!;
  return { image: outcome, webhook };
}

/** Dialling fails as it does in an operating system, with words about who was dialled. */
function failDials(failure: Error): void {
  jest.spyOn(net, 'connect').mockImplementation(() => {
    const socket = new net.Socket();
    process.nextTick(() => socket.destroy(failure));
    return socket;
  });
}

function systemError(code: string): Error {
  const message = `connect ${code} ${PUBLIC}:80 - Local (10.1.2.3:54321)`;
  return Object.assign(new Error(message), { code, syscall: 'connect', address: PUBLIC, port: 80 });
}

describe('of an address that is not public', () => {
  it('the same is told, whoever listens there and however it was named', async () => {
    const settings = { ALLOWED_PORTS: `80,443,${canary.port},${await freePort()}` };
    const ports = parseEnv(settings).allowedPorts;
    const hosts = ['127.0.0.1', '[::1]', '10.99.99.99', '169.254.169.254', ...Object.keys(NAMES).slice(0, 3)];
    const urls = hosts.flatMap((host) => ports.map((port) => `http://${host}:${port}/`));
    for (const url of urls) {
      expect(await toldOf(url, settings)).toEqual({
        image: {
          kind: 'failed',
          error: {
            code: 'address_blocked',
            message: 'The address of the host is not one that may be fetched.',
            httpStatus: null,
          },
        },
        webhook: { statusCode: null, error: 'address_blocked', response: null },
      });
    }
    expect(await canary.touches()).toBe(0);
  });
});

describe('of a public host that cannot be connected to', () => {
  const NO_CONNECTION = {
    image: {
      kind: 'failed',
      error: { code: 'connect_failed', message: 'The connection to the host failed.', httpStatus: null },
    },
    webhook: { statusCode: null, error: 'connect_failed', response: null },
  };

  it.each<[string, Error]>([
    ['refuses', systemError('ECONNREFUSED')],
    ['is filtered', systemError('ETIMEDOUT')],
    ['is silent', new errors.ConnectTimeoutError(`(attempted address: ${PUBLIC}:80, timeout: 10000ms)`)],
    ['has no route', systemError('EHOSTUNREACH')],
    ['has no network', systemError('ENETUNREACH')],
    ['is forbidden by a firewall', systemError('EACCES')],
    ['resets', systemError('ECONNRESET')],
    [
      'refuses at all its addresses',
      Object.assign(new AggregateError([systemError('ECONNREFUSED'), systemError('ENETUNREACH')]), {
        code: 'ECONNREFUSED',
      }),
    ],
  ])('one that %s is told as any other', async (_, failure) => {
    failDials(failure);
    for (const host of ['public.example', 'two.example', PUBLIC]) {
      expect(await toldOf(`http://${host}/`, {})).toEqual(NO_CONNECTION);
    }
  });

  it('so are a closed port and one that hangs up, on real sockets', async () => {
    const settings = { ALLOW_PRIVATE_ADDRESSES: 'true' };
    expect(await toldOf(`http://127.0.0.1:${await freePort()}/`, settings)).toEqual(NO_CONNECTION);
    const host = await startRawHost(saysAndResets(''));
    expect(await toldOf(host.url, settings)).toEqual(NO_CONNECTION);
    await host.close();
  });
});
