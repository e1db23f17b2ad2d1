import { METHODS } from 'node:http';
import { generateApiKey } from '../../src/config/api-key.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { committedDocument, operationsOf } from '../support/openapi-document.js';
import { rawConnection } from '../support/raw-connection.js';
import { sendAsItIs, type PlainAnswer } from '../support/send-as-it-is.js';
import { startService, type TestService } from '../support/service.js';
import { CSV, FILE, formOf } from '../support/upload-form.js';

const SHOP = generateApiKey();

let service: TestService;
/** A request of the shop. */
let id: string;

beforeAll(async () => {
  service = await startService({
    APP_MODE: 'api',
    API_KEYS: `shop:${SHOP}`,
    ALLOW_PRIVATE_ADDRESSES: 'false',
  });
  const uploaded = await fetch(`${service.env.publicUrl}/api/upload`, {
    method: 'POST',
    body: formOf([FILE], CSV),
    headers: { 'x-api-key': SHOP },
  });
  ({ request_id: id } = (await uploaded.json()) as AcceptedBody);
});
afterAll(() => service.stop());

const send = (
  method: string,
  path: string,
  options?: Parameters<typeof sendAsItIs>[3],
): Promise<PlainAnswer> => sendAsItIs(service.env.publicUrl, method, path, options);

/** Neither what belongs to somebody, nor an answer as if there were nothing to ask for. */
function expectNothing({ status, body }: PlainAnswer, path: string): void {
  expect({ path, refused: [400, 401, 404, 405].includes(status), status }).toEqual({
    path,
    refused: true,
    status,
  });
  expect(body).not.toContain(id);
  expect(body).not.toContain('"data"');
}

describe('another spelling of a path', () => {
  const spellings = (path: string): string[] => [
    path,
    `${path}/`,
    `${path}//`,
    `${path}?`,
    `${path}?products=true`,
    `${path}#`,
    `/image_process${path}`,
    `/image_process${path}/`,
    path.replace(/^\/api/, ''),
    `/image_process${path.replace(/^\/api/, '')}`,
    path.toUpperCase(),
    path.replace('/api', '/API'),
    path.replace('/api', '/Api'),
    `/${path}`,
    path.replaceAll('/', '//'),
    path.replaceAll('/', '%2f'),
    path.replaceAll('/', '%2F').replace('%2F', '/'),
    path.replace('/api/', '/api%2f'),
    path.replace('/api', '/%61pi'),
    path.replace('/api', '/%2561pi'),
    path.replace('/api/', '/api/./'),
    path.replace('/api/', '/api/x/../'),
    path.replace('/api/', '/api/..;/'),
    path.replace('/api/', '/api;x=1/'),
    path.replace('/api/', '/api\\'),
    `${path}/..;/`,
    `${path};.css`,
    `${path}.css`,
    `${path}.json`,
    `${path}%00`,
    `${path}%20`,
    `${path}%0d%0aX-Api-Key:%20${SHOP}`,
    `/docs/..${path}`,
    `/docs/docs${path}`,
    `/docs/%2e%2e${path}`,
    `/files/..${path}`,
    `/files/%2e%2e%2f..${path}`,
    `/health/live/..${path}`,
    `/problems/..${path}`,
    `http://127.0.0.1${path}`,
    `http://halftone.example${path}/`,
  ];
  const paths = [
    '/api/requests',
    '/api/status/ID',
    '/api/requests/ID/images',
    '/api/download/ID',
    '/api/webhooks',
  ];

  it.each(paths)('of %s shows nothing without a key', async (template) => {
    const path = template.replace('ID', id);
    for (const spelling of spellings(path)) expectNothing(await send('GET', spelling), spelling);
  });

  it('shows what it should with a key, so that the test tries what is there', async () => {
    const seen: string[] = [];
    for (const spelling of spellings(`/api/status/${id}`)) {
      const { status } = await send('GET', spelling, { headers: { 'x-api-key': SHOP } });
      if (status === 200) seen.push(spelling);
    }
    expect(seen.length).toBeGreaterThanOrEqual(9);
  });

  it.each(['/api/upload', '/upload', '/image_process/upload/', '/UPLOAD', '/%75pload', '//upload'])(
    'POST %s uploads nothing',
    async (path) => {
      const response = await fetch(service.env.publicUrl + path, {
        method: 'POST',
        body: formOf([FILE], CSV),
      });
      expect([401, 404]).toContain(response.status);
    },
  );
});

describe('another method', () => {
  const guarded = operationsOf(committedDocument()).filter(({ path }) => path.startsWith('/api/'));
  const pathOf = (path: string): string => path.replace('{request_id}', id).replace(/\{\w+\}/, 'whk_none');

  it.each([...new Set(guarded.map(({ path }) => path))])('at %s shows nothing', async (template) => {
    const path = pathOf(template);
    const known = guarded.filter((one) => one.path === template).map(({ method }) => method.toUpperCase());
    if (known.includes('GET')) known.push('HEAD');
    const asked: string[] = [];
    for (const method of METHODS.filter((one) => one !== 'CONNECT')) {
      const answer = await send(method, path);
      expectNothing(answer, `${method} ${path}`);
      if (answer.headers['www-authenticate'] === 'Bearer realm="halftone"') asked.push(method);
    }
    expect(asked.toSorted()).toEqual(known.toSorted());
  });

  it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])('in %s is none', async (name) => {
    expectNothing(await send('POST', '/api/requests', { headers: { [name]: 'GET' } }), name);
    expectNothing(await send('GET', '/health/live/x', { headers: { [name]: 'DELETE' } }), name);
  });

  it.each(['x-original-url', 'x-rewrite-url', 'x-forwarded-uri'])('a path in %s is none', async (name) => {
    const { body } = await send('GET', '/health/live', { headers: { [name]: '/api/requests' } });
    expect(JSON.parse(body)).toEqual({ status: 'ok' });
  });
});

describe('a key that is not in its header', () => {
  it.each([
    'api_key',
    'apikey',
    'access_token',
    'token',
    'key',
    'X-API-Key',
    'authorization',
    'Authorization=Bearer%20',
  ])('but in the address, as %s', async (name) => {
    const query = name.includes('=') ? `${name}${SHOP}` : `${name}=${SHOP}`;
    expect(await send('GET', `/api/requests?${query}`)).toMatchObject({ status: 401 });
  });

  it('but the user, or the password, of the address', async () => {
    for (const auth of [`${SHOP}:`, `:${SHOP}`, `api:${SHOP}`, `${SHOP}:${SHOP}`]) {
      expect(await send('GET', '/api/requests', { auth })).toMatchObject({ status: 401 });
    }
  });

  it('but in a cookie, a form or a JSON body', async () => {
    const cookie = `api_key=${SHOP}; x-api-key=${SHOP}; authorization=Bearer ${SHOP}`;
    expect(await send('GET', '/api/requests', { headers: { cookie } })).toMatchObject({ status: 401 });
    const post = (path: string, init: RequestInit) =>
      fetch(service.env.publicUrl + path, { method: 'POST', ...init });
    const form = formOf([`api_key=${SHOP}`, `access_token=${SHOP}`, FILE], CSV);
    expect((await post('/api/upload', { body: form })).status).toBe(401);
    const body = JSON.stringify({ access_token: SHOP, webhook_url: 'https://shop.example/hook' });
    const headers = { 'content-type': 'application/json' };
    expect((await post('/api/webhooks', { body, headers })).status).toBe(401);
  });

  it('is found whatever the case of the header’s name', async () => {
    for (const headers of [{ 'X-API-KEY': SHOP }, { AUTHORIZATION: `bearer ${SHOP}` }] as Record<
      string,
      string
    >[]) {
      expect(await send('GET', '/api/requests', { headers })).toMatchObject({ status: 200 });
    }
  });
});

describe('several requests on one connection', () => {
  it('are asked one by one', async () => {
    const { send: write, answer } = await rawConnection(service.env.publicUrl);
    const get = (...lines: string[]): string =>
      ['GET /api/requests HTTP/1.1', 'Host: h', ...lines, '\r\n'].join('\r\n');
    write(get(`X-API-Key: ${SHOP}`) + get() + get(`X-API-Key: ${SHOP}`) + get('Connection: close'));
    expect([...(await answer).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '401',
      '200',
      '401',
    ]);
  });
});
