import { DataSource } from 'typeorm';
import { makeKey } from '../support/keys.js';
import { expectProblem } from '../support/problems.js';
import { sendAsItIs } from '../support/send-as-it-is.js';
import { startService, type TestService } from '../support/service.js';
import { CSV, FILE, formOf } from '../support/upload-form.js';

let service: TestService;

beforeEach(async () => void (service = await startService({ APP_MODE: 'api' })));
afterEach(() => service.stop());

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  sendAsItIs(service.env.publicUrl, method, path, { headers });
const asJson = async (answer: ReturnType<typeof ask>): Promise<unknown> => JSON.parse((await answer).body);

describe('a service without keys', () => {
  it('does what programs of this machine ask, with a key of nobody too', async () => {
    const response = await service.api.post(CSV);
    expect(response.status).toBe(202);
    expect(await ask('/api/requests', { authorization: 'Bearer whatever' })).toMatchObject({ status: 200 });
    // And of proxies on it, which know whom they let through.
    expect(await ask('/api/requests', { 'x-forwarded-for': '203.0.113.9' })).toMatchObject({ status: 200 });
  });

  it('does nothing for pages of other sites', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ];
    for (const headers of foreign) {
      const answer = await ask('/api/requests', headers);
      expect(answer).toMatchObject({ status: 403 });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'foreign_page' });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      const upload = await fetch(`${service.env.publicUrl}/api/upload`, {
        method: 'POST',
        body: formOf([FILE], CSV),
        headers: 'host' in headers ? { origin: 'http://evil.example' } : headers,
      });
      await expectProblem(upload, 403, 'foreign_page');
    }
    expect(await asJson(ask('/api/requests'))).toEqual({ data: [], next_cursor: null });
  });

  it('lets nobody ask before a page of another site may (CORS)', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await ask('/api/upload', headers, 'OPTIONS');
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('tells what everybody may know to everybody', async () => {
    for (const path of ['/health/live', '/problems/csv_invalid', '/openapi.json', '/docs']) {
      expect(await ask(path, { host: 'images.example.com' })).toMatchObject({ status: 200 });
    }
  });

  it('tells its state to this machine, and to nobody that a proxy speaks for', async () => {
    expect(await ask('/health/ready')).toMatchObject({ status: 200 });
    const refused = await ask('/health/ready', { 'x-forwarded-for': '127.0.0.1' });
    expect(refused).toMatchObject({ status: 401 });
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="halftone"');
  });

  it('is closed by the first key, at once, and by its end not opened again', async () => {
    expect((await service.api.post(CSV)).status).toBe(202);
    const key = await makeKey(service.app, { name: 'shop', ownerId: 'shop' });
    expect(await ask('/api/requests')).toMatchObject({ status: 401 });
    // What was made before belongs to nobody's key, until one of "default" is made.
    expect(await asJson(ask('/api/requests', { 'x-api-key': key }))).toEqual({ data: [], next_cursor: null });
    const heir = await makeKey(service.app, { name: 'heir', ownerId: 'default' });
    expect(await asJson(ask('/api/requests', { 'x-api-key': heir }))).toMatchObject({ data: { length: 1 } });
    // A browser on a page of another site has no key to send, whoever has one may send it from there.
    const elsewhere = { 'x-api-key': heir, origin: 'https://shop.example', host: 'images.example.com' };
    expect(await ask('/api/requests', elsewhere)).toMatchObject({ status: 200 });
    await service.app.get(DataSource).query('UPDATE api_key SET revoked_at = now()');
    expect(await ask('/api/requests')).toMatchObject({ status: 401 });
    expect(await ask('/api/requests', { 'x-api-key': key })).toMatchObject({ status: 401 });
  });
});
