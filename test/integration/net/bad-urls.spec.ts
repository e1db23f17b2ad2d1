import { isIP } from 'node:net';
import { BAD_URLS, INSIDE_NAMES, LOOPBACK_HOSTS, type BadUrl } from '../../../fuzz/addresses/bad-urls.js';
import { startCanary, type Canary } from '../../../fuzz/addresses/canary.js';
import { parseEnv, type Env } from '../../../src/config/env.js';
import { parseUrl } from '../../../src/config/parse-url.js';
import type { Problem } from '../../../src/errors/problem.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { findUrlFault } from '../../../src/net/url-rules.js';
import { WebhookSender } from '../../../src/webhooks/webhook-sender.js';
import { assertWebhookUrl } from '../../../src/webhooks/webhook-url.js';

const REQUEST = { timeoutMs: 10_000, maxBytes: 1000, maxRedirects: 5 };
const SECRETS = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
/** Short and without what a terminal would act on. */
const CASES = BAD_URLS.map((bad): [string, BadUrl] => [JSON.stringify(bad.url).slice(0, 70), bad]);

let canary: Canary;
let env: Env;
let guarded: GuardedFetch;

beforeAll(async () => {
  canary = await startCanary();
  // The canary's own port is allowed, so that no rule of ports stands before the rule of addresses.
  env = parseEnv({ ALLOWED_PORTS: `80,443,${canary.port}` });
  guarded = new GuardedFetch(env, async (name) => {
    const address = INSIDE_NAMES[name.replace(/\.$/, '')];
    return address ? [{ address, family: isIP(address) }] : [];
  });
});

afterAll(async () => {
  await guarded.onApplicationShutdown();
  await canary.close();
});

const atCanary = (url: string): string => url.replace('PORT', String(canary.port));
const isFaultOfText = ({ ends }: BadUrl): boolean => ends.startsWith('url_');

/** Why no webhook can be registered at the URL. */
function problemOf(url: string): string | undefined {
  try {
    assertWebhookUrl(url, env);
    return undefined;
  } catch (error) {
    return (error as Problem).code;
  }
}

describe('the canary', () => {
  it.each(['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'])(
    'sings at %s when somebody comes',
    async (address) => {
      expect(await canary.isAt(address)).toBe(true);
      expect(await canary.touches()).toBe(0); // it knows its own visits
    },
  );

  it.each(LOOPBACK_HOSTS)('is what %s leads to without a guard', async (host) => {
    const cage = await startCanary();
    const open = new GuardedFetch(parseEnv({ ALLOW_PRIVATE_ADDRESSES: 'true' }));
    const { body } = await open.fetch(`http://${host}:${cage.port}/`, REQUEST);
    expect(body.toString()).toBe('reached');
    expect(await cage.touches()).toBe(1);
    await open.onApplicationShutdown();
    await cage.close();
  });
});

describe('a bad URL of an image', () => {
  it.each(CASES)(
    '%s is refused where the CSV is read, or denied where the connection is made',
    async (_, bad) => {
      const url = atCanary(bad.url);
      expect(findUrlFault(url, env)?.code).toBe(isFaultOfText(bad) ? bad.ends : undefined);
      await expect(guarded.fetch(url, REQUEST)).rejects.toMatchObject({
        code: isFaultOfText(bad) ? 'url_invalid' : bad.ends,
      });
      expect(await canary.touches()).toBe(0);
    },
  );
});

describe('a bad URL of a webhook', () => {
  it.each(CASES)('%s is refused at registration, or denied when something is sent', async (_, bad) => {
    const url = atCanary(bad.url);
    const isAddress = isIP(parseUrl(url)?.hostname.replace(/^\[|\]$/g, '') ?? '') > 0;
    const isRefused = isFaultOfText(bad) || isAddress;
    expect(problemOf(url)).toBe(isRefused ? 'webhook_url_invalid' : undefined);
    const sender = new WebhookSender(guarded, env);
    const event = { eventId: 'evt_1', body: '{}' };
    await expect(
      sender.post({ url, secrets: SECRETS }, event, new AbortController().signal),
    ).resolves.toEqual({
      at: expect.any(Date),
      durationMs: expect.any(Number),
      statusCode: null,
      error: isFaultOfText(bad) ? 'url_invalid' : bad.ends,
      response: null,
    });
    expect(await canary.touches()).toBe(0);
  });
});
