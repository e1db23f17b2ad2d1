import { DataSource } from 'typeorm';
import { SCOPES } from '../../src/access/scopes.js';
import { generateApiKey } from '../../src/config/api-key.js';
import type { StatusBody } from '../../src/requests/pages.dto.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { makeExpiredKey, makeKey, makeRevokedKey, mistyped } from '../support/keys.js';
import { committedDocument, operationsOf } from '../support/openapi-document.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { routesOf } from '../support/routes.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf, HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

type Operation = ReturnType<typeof operationsOf>[number];

const operations = operationsOf(committedDocument());
const guarded = operations.filter(({ security }) => security);
const open = operations.filter(({ security }) => !security);
const nameOf = ({ method, path }: Operation): string => `${method.toUpperCase()} ${path}`;
const named = (some: Operation[]): [string, Operation][] => some.map((one) => [nameOf(one), one]);

/** What the document does not tell of: the page, Swagger UI and the document itself. */
const UNDOCUMENTED = [
  '/',
  '/docs',
  '/docs/',
  '/docs/*',
  '/docs/LICENSE',
  '/docs/docs/swagger-ui-init.js',
  '/docs/index.html',
  '/docs/swagger-ui-init.js',
  '/openapi.json',
].map((path) => `GET ${path}`);

/** What everything here belongs to, and somebody else. */
const SHOP = generateApiKey();
const STUDIO = generateApiKey();

let origin: Origin;
let receiver: WebhookReceiver;
let service: TestService;
/** What there is of the shop, by the names that it has in paths. */
let ids: Record<string, string>;
let csv: string;

beforeAll(async () => {
  origin = await startOrigin();
  receiver = await startWebhookReceiver();
  origin.serve('/1.jpg', { body: await photo(80, 60).jpeg({ quality: 95 }).toBuffer() });
  csv = `${HEADER}\n1,SKU1,"${origin.url('/1.jpg')},${origin.url('/missing.jpg')}"\n`;
  service = await startService({ API_KEYS: `shop:${SHOP},studio:${STUDIO}` });
  ids = await belongings();
});
afterAll(async () => {
  await service.stop();
  await receiver.close();
  await origin.close();
});

/** Asks as a caller from elsewhere, through a proxy on this machine. */
function ask(method: string, path: string, key?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-forwarded-for', '203.0.113.9');
  if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
  return fetch(service.env.publicUrl + path, { ...init, method, headers });
}

async function read<T>(path: string): Promise<T> {
  const response = await ask('GET', path, SHOP);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as T;
}

/** A finished request of the shop, its endpoint, a delivery and a file. */
async function belongings(): Promise<Record<string, string>> {
  const body = formOf([`webhook_url=${receiver.url()}`, FILE], csv);
  const uploaded = await ask('POST', '/api/upload', SHOP, { body });
  const { request_id } = (await uploaded.json()) as AcceptedBody;
  const status = await waitFor('the end of the request', async () => {
    const found = await read<StatusBody>(`/api/status/${request_id}`);
    return found.finished_at !== null && found;
  });
  const [endpoint] = (await read<{ data: { webhook_id: string }[] }>('/api/webhooks')).data;
  const { webhook_id } = endpoint!;
  const delivery = await waitFor('the delivery', async () => {
    const { data } = await read<{ data: { delivery_id: string; status: string }[] }>(
      `/api/webhooks/${webhook_id}/deliveries`,
    );
    return data.find((one) => one.status === 'delivered');
  });
  const output = status.products![0]!.images[0]!.output_url!;
  const path = new URL(output).pathname.slice('/files/'.length);
  return { request_id, webhook_id, delivery_id: delivery.delivery_id, path, code: 'csv_invalid' };
}

const json = (body: object): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});
/** What is sent beside the path: nothing that could be refused for itself. */
const BODIES: Record<string, () => RequestInit> = {
  uploadCsv: () => ({ body: formOf([FILE], csv) }),
  registerWebhook: () => json({ webhook_url: receiver.url(), request_id: ids.request_id }),
  registerOrReceiveWebhook: () => json({ webhook_url: receiver.url(), request_id: ids.request_id }),
  changeWebhook: () => json({ enabled: true }),
  redeliverSince: () => json({ since: '2026-11-20' }),
};

/** Calls an operation on what belongs to the shop. */
function call(
  { method, path, operationId }: Operation,
  key?: string,
  more: RequestInit = {},
): Promise<Response> {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name]!);
  return ask(method.toUpperCase(), address, key, { ...BODIES[operationId]?.(), ...more });
}

/** All that belongs to the shop, as it is stored. */
async function stored(): Promise<string[]> {
  const rows = await service.app.get(DataSource).query<{ row: string }[]>(`
    SELECT r::text AS row FROM processing_request r WHERE owner_id = 'shop'
    UNION ALL SELECT i::text FROM product_image i JOIN processing_request r ON r.id = i.request_id WHERE r.owner_id = 'shop'
    UNION ALL SELECT e::text FROM webhook_endpoint e WHERE owner_id = 'shop'
    UNION ALL SELECT e::text FROM webhook_event e WHERE owner_id = 'shop'
    UNION ALL SELECT d::text FROM webhook_delivery d WHERE owner_id = 'shop'
    UNION ALL SELECT a::text FROM webhook_attempt a ORDER BY 1`);
  return rows.map(({ row }) => row);
}

describe('the document', () => {
  it('has every route that there is, but those that everybody may see', () => {
    const routes = routesOf(service.app).filter((route) => !route.startsWith('HEAD '));
    const described = operations.map((operation) =>
      nameOf(operation)
        .replace('/files/{path}', '/files/*')
        .replace(/\{(\w+)\}/g, ':$1'),
    );
    expect(routes.toSorted()).toEqual([...described, ...UNDOCUMENTED].toSorted());
  });

  it('asks for a key at all that begins with /api, and for the same scope in either way to send it', () => {
    expect(open.map(nameOf)).toEqual(['GET /health/live', 'GET /problems/{code}', 'GET /files/{path}']);
    for (const { security } of guarded) {
      const [{ bearer }, { x_api_key }] = security as [{ bearer: string[] }, { x_api_key: string[] }];
      expect(x_api_key).toEqual(bearer);
      expect(bearer.filter((scope) => !(SCOPES as readonly string[]).includes(scope))).toEqual([]);
    }
  });
});

describe('without a key', () => {
  it.each(named(open))('%s answers', async (_name, operation) => {
    expect((await call(operation)).status).toBe(200);
  });

  it.each(UNDOCUMENTED)('%s asks for none', async (route) => {
    const response = await ask('GET', route.slice('GET '.length).replace('*', 'swagger-ui.css'));
    // Not every package of Swagger UI has its licence with it.
    expect(response.status).toBe(route.endsWith('LICENSE') ? 404 : 200);
    await response.arrayBuffer();
  });

  it.each(named(guarded))('%s asks for one', async (_name, operation) => {
    const before = await stored();
    const response = await call(operation);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="halftone"');
    await expectProblem(response, 401, 'unauthorized');
    expect(await stored()).toEqual(before);
  });
});

describe('with a key that is no good', () => {
  /** What is said of each. */
  let bad: [key: string, detail: string][];

  beforeAll(async () => {
    bad = [
      [generateApiKey(), 'There is no such key.'],
      ['a-key-that-somebody-thought-up', 'There is no such key.'],
      [mistyped(SHOP), 'The key is mistyped or cut: its checksum is wrong.'],
      [SHOP.slice(0, -1), 'The key is mistyped or cut: its checksum is wrong.'],
      [await makeRevokedKey(service.app, 'shop'), 'The key revoked is revoked.'],
      [await makeExpiredKey(service.app, 'shop'), 'The key expired is expired.'],
    ];
  });

  it.each(named(guarded))('%s says why', async (_name, operation) => {
    const before = await stored();
    for (const [key, detail] of bad) {
      const response = await call(operation, key);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="halftone", error="invalid_token"');
      expect(await expectProblem(response, 401, 'unauthorized')).toMatchObject({ detail });
    }
    expect(await stored()).toEqual(before);
  });

  it('in the other header too, and with a good one beside it', async () => {
    for (const [key] of bad) {
      await expectProblem(
        ask('GET', '/api/requests', undefined, { headers: { 'x-api-key': key } }),
        401,
        'unauthorized',
      );
      await expectProblem(
        ask('GET', '/api/requests', SHOP, { headers: { 'x-api-key': key } }),
        401,
        'unauthorized',
      );
    }
  });
});

describe('a key without the scope', () => {
  const scoped = guarded.filter(({ security }) => security![0]!.bearer!.length > 0);

  it.each(named(scoped))('may not %s', async (_name, operation) => {
    const [scope] = operation.security![0]!.bearer as [(typeof SCOPES)[number]];
    const scopes = SCOPES.filter((one) => one !== scope);
    const key = await makeKey(service.app, { name: `not ${scope}`, ownerId: 'shop', scopes });
    const before = await stored();
    const response = await call(operation, key);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="halftone", error="insufficient_scope", scope="${scope}"`,
    );
    expect((await expectProblem(response, 403, 'insufficient_scope')).detail).toContain(scope);
    expect(await stored()).toEqual(before);
  });
});

describe('a key of another owner', () => {
  const onSomething = guarded.filter(({ path }) => path.includes('{'));

  it.each(named(onSomething))('finds nothing at %s', async (_name, operation) => {
    const before = await stored();
    const own = await expectProblem(call(operation, STUDIO), 404, 'not_found');
    expect(await stored()).toEqual(before);
    // What is not there at all is answered with the same words.
    const nobodys = operation.path.replace(/\{(\w+)_id\}/g, (_, what: string) =>
      what === 'request' ? '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90' : ids[`${what}_id`]!.slice(0, -4) + 'ffff',
    );
    const init = BODIES[operation.operationId]?.();
    const nobody = await expectProblem(
      ask(operation.method.toUpperCase(), nobodys, STUDIO, init),
      404,
      'not_found',
    );
    expect(Object.assign(own, { trace_id: '' })).toEqual(Object.assign(nobody, { trace_id: '' }));
  });

  it.each(['/api/requests', '/api/webhooks'])('finds an empty list at %s', async (path) => {
    const response = await ask('GET', path, STUDIO);
    expect(await response.json()).toEqual({ data: [], next_cursor: null });
    expect((await read<{ data: unknown[] }>(path)).data).not.toEqual([]);
  });

  it('finds no endpoint of the request, and gets no webhook of it', async () => {
    const response = await ask('GET', `/api/webhooks?request_id=${ids.request_id}`, STUDIO);
    expect(await response.json()).toEqual({ data: [], next_cursor: null });
    for (const path of ['/api/webhooks', '/api/webhook']) {
      const body = json({ webhook_url: receiver.url('/spy'), request_id: ids.request_id });
      await expectProblem(ask('POST', path, STUDIO, body), 404, 'not_found');
    }
  });

  it('does not get the answer of an upload under the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'spring' };
    const upload = async (key: string): Promise<AcceptedBody> =>
      (await (
        await ask('POST', '/api/upload', key, { body: formOf([FILE], csv), headers })
      ).json()) as AcceptedBody;
    const first = await upload(SHOP);
    const foreign = await upload(STUDIO);
    expect(foreign.request_id).not.toBe(first.request_id);
    expect(await upload(SHOP)).toEqual(first);
    expect(await upload(STUDIO)).toEqual(foreign);
  });
});

describe('before anything else', () => {
  it.each([
    ['POST', '/api/webhooks', json({ webhook_url: 'no url', colour: 'blue' })],
    ['POST', '/api/upload', { body: formOf(['quality=0', FILE], 'no csv') }],
    [
      'POST',
      '/api/upload',
      { body: '--x\r\nbroken', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    ],
    ['POST', '/api/upload', { body: 'Name,Image\n', headers: { 'content-type': 'text/csv' } }],
    ['GET', '/api/requests?limit=0&colour=blue', {}],
    ['GET', '/api/requests/no-id', {}],
    ['PATCH', '/api/webhooks/no-id', json({})],
  ] as const)('%s %s asks for a key', async (method, path, init) => {
    await expectProblem(ask(method, path, undefined, init), 401, 'unauthorized');
    await expectProblem(ask(method, path, generateApiKey(), init), 401, 'unauthorized');
  });
});

describe('the right key', () => {
  /** What removes something comes last: the endpoint, then the request, which would take it along. */
  const place = ({ method, path }: Operation): number =>
    method !== 'delete' ? 0 : path.includes('webhook') ? 1 : 2;
  const inOrder = guarded.toSorted((a, b) => place(a) - place(b));

  it.each(named(inOrder))('may %s, with this scope alone, sent in either way', async (_name, operation) => {
    const [scope] = operation.security![0]!.bearer as (typeof SCOPES)[number][];
    const scopes = scope ? [scope] : [];
    const key = await makeKey(service.app, { name: `only ${scope}`, ownerId: 'shop', scopes });
    const waysToSend = operation.method === 'delete' ? ['x-api-key'] : ['x-api-key', 'authorization'];
    for (const name of waysToSend) {
      const headers = new Headers(BODIES[operation.operationId]?.().headers);
      headers.set(name, name === 'authorization' ? `Bearer ${key}` : key);
      const response = await call(operation, undefined, { headers });
      expect([200, 201, 202, 204, 409]).toContain(response.status);
      expect(response.headers.get('ratelimit-policy')).toBe('"call";q=6000;w=60');
      await response.arrayBuffer();
    }
  });
});
