import net from 'node:net';
import fc from 'fast-check';
import { formatIp, type IpNumber } from '../../../fuzz/addresses/ip-number.js';
import { isPublic } from '../../../fuzz/addresses/special-purpose.js';
import { addressOf, spelling, wrapped, type Spelling } from '../../../fuzz/addresses/spellings.js';
import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { assertWebhookUrl } from '../../../src/webhooks/webhook-url.js';

const REQUEST = { timeoutMs: 10_000, maxBytes: 1000, maxRedirects: 5 };
const env = parseEnv({});
const RUNS = { numRuns: 500 };

let guarded: GuardedFetch;
let dialled: string[];

beforeEach(() => {
  dialled = [];
  // Nothing leaves this machine: whatever is dialled is written down and fails.
  jest.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
    dialled.push(options.host!);
    const socket = new net.Socket();
    process.nextTick(() => socket.destroy(new Error('no way out')));
    return socket;
  }) as typeof net.connect);
  guarded = new GuardedFetch(env, async () => {
    throw new Error('an address is not looked up');
  });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await guarded.onApplicationShutdown();
});

/** The one address that a fetch of the URL dials, or the code it ends with before that. */
async function destinationOf(url: string): Promise<string> {
  dialled = [];
  const failure: unknown = await guarded.fetch(url, REQUEST).catch((error: unknown) => error);
  if (dialled.length === 0) return (failure as { code: string }).code;
  expect(failure).toMatchObject({ code: 'connect_failed' });
  expect(dialled).toHaveLength(1);
  return dialled[0]!;
}

function isRegistered(url: string): boolean {
  try {
    assertWebhookUrl(url, env);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'webhook_url_invalid' });
    return false;
  }
}

async function expectVerdictOfAddress({ ip, host }: Spelling): Promise<void> {
  const url = `http://${host}/photo.jpg`;
  const plain = new URL(`http://${ip.family === 'ipv4' ? formatIp(ip) : `[${formatIp(ip)}]`}/`).hostname;
  const address = plain.replace(/^\[|\]$/g, '');
  expect(await destinationOf(url)).toBe(isPublic(ip) ? address : 'address_blocked');
  expect(isRegistered(url)).toBe(isPublic(ip));
}

async function expectDenied(ip: IpNumber, { host }: Spelling): Promise<void> {
  expect(await destinationOf(`http://${host}/`)).toBe('address_blocked');
  expect(isPublic(ip)).toBe(false); // the second opinion
}

describe.each(['ipv4', 'ipv6'] as const)('every spelling of an address of %s', (family) => {
  it('gets the verdict of the address', async () => {
    await fc.assert(fc.asyncProperty(addressOf(family).chain(spelling), expectVerdictOfAddress), RUNS);
  });
});

describe('what wraps an address of IPv4', () => {
  it('is denied, whatever the address and the spelling', async () => {
    const inside = addressOf('ipv4').chain(wrapped);
    const property = fc.asyncProperty(
      inside.chain((ip) => spelling(ip)),
      (text) => expectDenied(text.ip, text),
    );
    await fc.assert(property, RUNS);
  });
});

describe('a public address just outside the private ranges', () => {
  it.each(['172.15.0.1', '172.32.0.1', '100.63.255.255', '100.128.0.0'])('%s is dialled', async (address) => {
    expect(await destinationOf(`http://${address}/`)).toBe(address);
  });
});
