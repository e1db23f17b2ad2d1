import { DataSource } from 'typeorm';
import { generateApiKey } from '../../src/config/api-key.js';
import type { ApiClient } from '../support/api-client.js';
import { mistyped } from '../support/keys.js';
import { expectProblem } from '../support/problems.js';
import { countQueries } from '../support/count-queries.js';
import { startService, type TestService } from '../support/service.js';

const SHOP = generateApiKey();
const STUDIO = generateApiKey();
const API_KEYS = `shop:${SHOP},studio:${STUDIO}`;

let service: TestService;
afterEach(() => service.stop());

async function start(settings: Record<string, string>): Promise<void> {
  service = await startService({ APP_MODE: 'api', ...settings });
}
const ask = (headers: Record<string, string> = {}, { url } = service.api): Promise<Response> =>
  fetch(`${url}/api/requests`, { headers });
const statusOf = async (headers?: Record<string, string>, api?: ApiClient): Promise<number> =>
  (await ask(headers, api)).status;
const shop = { 'x-api-key': SHOP };

describe('the calls of a key', () => {
  it('are told what is left, and refused when there are too many', async () => {
    await start({ API_KEYS, RATE_LIMIT: '3' });
    for (const left of [2, 1, 0]) {
      const response = await ask(shop);
      expect(response.status).toBe(200);
      expect(response.headers.get('ratelimit-policy')).toBe('"call";q=3;w=60');
      expect(response.headers.get('ratelimit')).toMatch(new RegExp(`^"call";r=${left};t=\\d+$`));
    }
    const response = await ask(shop);
    const seconds = response.headers.get('retry-after');
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds)).toBeLessThanOrEqual(60);
    expect(response.headers.get('ratelimit')).toBe(`"call";r=0;t=${seconds}`);
    await expectProblem(response, 429, 'rate_limited');
    // Of that key alone, also from the same address, and not of what needs none.
    expect(await statusOf({ 'x-api-key': STUDIO })).toBe(200);
    expect((await fetch(`${service.api.url}/health/live`)).status).toBe(200);
  });

  it('are counted together by all API processes', async () => {
    await start({ API_KEYS, RATE_LIMIT: '4' });
    const first = service;
    const second = await startService({
      APP_MODE: 'api',
      DATABASE_URL: first.databaseUrl,
      STORAGE_URL: `file:${first.dataDir}/files`,
      RATE_LIMIT: '4',
    });
    try {
      const statuses = [];
      for (const { api } of [first, second, first, second, first, second])
        statuses.push(await statusOf(shop, api));
      expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    } finally {
      await second.stop();
    }
  });

  it('count also when they are refused for what they want: a scope, a body, an id', async () => {
    await start({ API_KEYS, RATE_LIMIT: '3' });
    for (const path of ['/api/requests/none', '/api/requests?limit=0', '/api/webhooks/none']) {
      expect((await fetch(service.api.url + path, { headers: shop })).status).toBeGreaterThan(400);
    }
    expect(await statusOf(shop)).toBe(429);
  });

  it('are told nothing, and never refused, with RATE_LIMIT=0', async () => {
    await start({ API_KEYS, RATE_LIMIT: '0' });
    const response = await ask(shop);
    expect(response.headers.get('ratelimit')).toBeNull();
  });
});

describe('calls without a valid key', () => {
  it('are counted for their address, and cost no query when there were too many; who was known before goes on', async () => {
    await start({ API_KEYS });
    expect(await statusOf(shop)).toBe(200);
    expect(await statusOf()).toBe(401);
    await service.app.get(DataSource).query("UPDATE rate_limit SET points = 599 WHERE key LIKE 'refusal%'");
    expect(await statusOf({ 'x-api-key': mistyped(SHOP) })).toBe(401);
    const response = await ask({ 'x-api-key': generateApiKey() });
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(response.headers.get('ratelimit-policy')).toBe('"refusal";q=600;w=60');
    await expectProblem(response, 429, 'rate_limited');
    const source = service.app.get(DataSource);
    const tryMore = async (): Promise<void> => {
      expect(await statusOf()).toBe(429);
      expect(await statusOf({ 'x-api-key': generateApiKey() })).toBe(429);
    };
    expect(await countQueries(source, tryMore)).toBe(0);
    expect(await statusOf(shop)).toBe(200);
    const rows = await service.app
      .get(DataSource)
      .query('SELECT points FROM rate_limit WHERE key LIKE $1', ['refusal%']);
    expect(rows).toEqual([{ points: 601 }]);
  });
});

describe('calls without keys', () => {
  it('of this machine are as many as it likes, unless RATE_LIMIT says how many', async () => {
    await start({});
    expect((await ask()).headers.get('ratelimit')).toBeNull();
    await service.stop();
    await start({ RATE_LIMIT: '1' });
    expect(await statusOf()).toBe(200);
    expect(await statusOf()).toBe(429);
  });
});

describe('the address that calls are counted for', () => {
  const through = (addresses: string): Record<string, string> => ({ 'x-forwarded-for': addresses });

  it('is that of the connection: nobody names another one', async () => {
    await start({ RATE_LIMIT: '1' });
    expect(await statusOf(through('203.0.113.1'))).toBe(200);
    expect(await statusOf(through('203.0.113.2'))).toBe(429);
  });

  it('is the last one that a trusted proxy did not add', async () => {
    await start({ RATE_LIMIT: '1', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    expect(await statusOf(through('203.0.113.1'))).toBe(200);
    expect(await statusOf(through('203.0.113.1, 10.1.2.3'))).toBe(429);
    expect(await statusOf(through('203.0.113.2'))).toBe(200);
    // What the caller itself wrote before it.
    expect(await statusOf(through('198.51.100.7, 203.0.113.2'))).toBe(429);
    expect(await statusOf(through('2001:db8::1'))).toBe(200);
    expect(await statusOf(through('2001:db8::ffff:2'))).toBe(429);
    expect(await statusOf(through('2001:db8:0:1::1'))).toBe(200);
    expect(await statusOf(through('x'.repeat(5000)))).toBe(200);
    expect(await statusOf(through('unknown'))).toBe(429);
  });

  it('does not make a caller local that a trusted proxy speaks for', async () => {
    await start({ TRUSTED_PROXIES: '127.0.0.1' });
    const ready = (headers: Record<string, string>) => fetch(`${service.api.url}/health/ready`, { headers });
    expect((await ready({})).status).toBe(200);
    expect((await ready(through('127.0.0.1'))).status).toBe(401);
  });
});
