import type { DataSource } from 'typeorm';
import { connect } from '../support/invariants.js';
import { committedDocument, operationsOf, type Schema } from '../support/openapi-document.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { rawConnection } from '../support/raw-connection.js';
import { startService, type TestService } from '../support/service.js';
import { WebhooksClient } from '../support/webhooks-client.js';

const document = committedDocument();
const operations = operationsOf(document);
const NOBODY = '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90';
/** As they stand in an address: NUL, half a surrogate pair, broken encodings, names of every object, SQL, numbers. */
const HOSTILE = [
  '%00',
  'a%00b',
  '%ED%A0%80',
  '%C0%80',
  '%FF',
  '%',
  '%zz',
  '%EF%BF%BD',
  '%E2%80%AE',
  '%0d%0aX-Injected:1',

  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '%27%3B%20DROP%20TABLE%20product%3B--',
  '%25s',
  '..%2f..%2fetc%2fpasswd',
  '-1',
  '0',
  '1e309',
  'NaN',
  '9'.repeat(400),
  '+',
  '%20',
  '[]',
  '{}',
  'null',

  'x'.repeat(3000),
  Buffer.from('a\0b').toString('base64url'),
  Buffer.from(`${NOBODY}\0`).toString('base64url'),
  Buffer.from('99999999999').toString('base64url'),
  '0001-01-01',
  '9999-12-31T23:59:60Z',
  '275760-09-14',
];
/** As they stand in JSON. */
const HOSTILE_JSON = [
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e"',
  '"__proto__"',
  '"constructor"',
  '""',

  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '["\\u0000"]',
  '["\\ud800"]',
  '["__proto__"]',
  '{"__proto__":{"polluted":true}}',
  '{"length":1e9}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  `"${'x'.repeat(50_000)}"`,
  `${'['.repeat(15_000)}${']'.repeat(15_000)}`,
  '"https://a.example/\\u0000"',

  '"https://a.example/\\ud800"',
  '"https://\\ud800.example/"',
  '"javascript:alert(1)"',
  '"9999-12-31T23:59:60Z"',
];
/** Whole bodies. */
const HOSTILE_BODIES = [
  '',
  ' ',
  '[]',
  'null',
  '1',
  '"x"',
  '{',
  '\0',
  '{"a":1,"a":2}',
  '\uFEFF{}',
  '{"__proto__":{}}',
  ...HOSTILE_JSON,
];

let origin: Origin;
let service: TestService;
let database: DataSource;
/** Something real for each parameter of a path. */
let known: Record<string, string>;
/** Everything that was answered in a way that no caller may ever see. */
let offences: string[];

beforeAll(async () => {
  origin = await startOrigin();
  origin.serve('/good.jpg', { body: await photo(80, 60).jpeg().toBuffer() });
  origin.serve('/hook', { status: 200 });
  service = await startService();
  database = await connect(service.databaseUrl);
  const webhooks = new WebhooksClient(service.api);
  const { webhook_id } = await webhooks.register({ webhook_url: origin.url('/hook') });
  const { request_id } = await service.api.upload(`Name,Image\na,${origin.url('/good.jpg')}\n`);
  await service.api.finished(request_id);
  const [delivery] = await webhooks.settled(webhook_id);
  known = {
    request_id,
    webhook_id,
    delivery_id: delivery!.delivery_id,
    code: 'csv_invalid',
    path: 'none.jpg',
  };
});
afterAll(async () => {
  await database.destroy();
  await service.stop();
  await origin.close();
});

beforeEach(() => {
  offences = [];
});
afterEach(() => expectNoOffence());

/** Nor has any object got a member that it was not given. */
function expectNoOffence(): void {
  expect(offences).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

async function expectClear(method: string, address: string, init: RequestInit = {}): Promise<void> {
  const answer = await fetch(service.env.publicUrl + address, {
    method: method.toUpperCase(),
    redirect: 'manual',
    ...init,
  });
  const text = await answer.text();
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
  // A limit of requests would hide everything behind it.
  const isRefused = answer.status < 500 && answer.status !== 429 && isProblem;
  const isClear = answer.status < 400 ? answer.status >= 200 : isRefused;
  // A refusal may name the parameter as it came; JSON escapes it.
  const isStorable = answer.status >= 400 || !/\\u0000|\\ud[89a-f]|\0/i.test(text);
  const isOurs =
    !answer.headers.has('x-injected') && !/node_modules|\.[jt]s:\d|INSERT INTO|SELECT /.test(text);
  if (!isClear || !isStorable || !isOurs) {
    offences.push(
      `${method} ${address.slice(0, 200)} ${JSON.stringify(init.body ?? '').slice(0, 200)}: ${answer.status} ${text.slice(0, 300)}`,
    );
  }
}

/** The operation's address with its known ids, but those in `path`. What would change the known ones gets nobody's. */
function addressOf(method: string, template: string, path: Record<string, string> = {}): string {
  const ids =
    method === 'get'
      ? known
      : { ...known, request_id: NOBODY, webhook_id: 'whk_none', delivery_id: 'dlv_none' };
  return template.replace(/\{(\w+)\}/g, (_, name: string) => path[name] ?? ids[name]!);
}

it.each(operations)(
  '$operationId: any id, any query, any parameter',
  async ({ method, path, parameters }) => {
    for (const parameter of parameters.filter((one) => one.in !== ('header' as string))) {
      for (const text of HOSTILE) {
        const inPath = parameter.in === 'path' ? { [parameter.name]: text } : {};
        const query = parameter.in === 'query' ? `?${parameter.name}=${text}` : '';
        await expectClear(method, addressOf(method, path, inPath) + query);
      }
      if (parameter.in === 'query') {
        for (const query of ['=a&NAME=b', '[]=a', '[__proto__]=a', '[constructor][prototype][polluted]=a'])
          await expectClear(
            method,
            `${addressOf(method, path)}?${parameter.name}${query.replace('NAME', parameter.name)}`,
          );
      }
    }
    for (const name of HOSTILE) await expectClear(method, `${addressOf(method, path)}?${name}=1`);
  },
);

it.each(operations)('$operationId: any header', async ({ method, path }) => {
  const headers = [
    'idempotency-key',
    'last-event-id',
    'x-request-id',
    'if-none-match',
    'range',
    'accept',
    'x-forwarded-for',
  ];
  for (const name of headers) {
    for (const text of [
      '__proto__',
      'constructor',
      '\xff\xfe',
      'ü',
      '"',
      ',',
      '%00',
      'x'.repeat(3000),
      '\u0085',
      '-1',
      '1-done',
    ])
      await expectClear(method, addressOf(method, path), { headers: { [name]: text } });
  }
});

const withJson = operations.filter(({ requestBody }) => requestBody?.content?.['application/json']);

function membersOf(schema: Schema): string[] {
  const resolved = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!]! : schema;
  const parts = (resolved.oneOf as Schema[] | undefined)?.flatMap(membersOf) ?? [];
  return [...parts, ...Object.keys(resolved.properties ?? {})];
}

it.each(withJson)('$operationId: any body, any member', async ({ method, path, requestBody }) => {
  const headers = { 'content-type': 'application/json' };
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => known[name]!);
  const members = [...new Set(membersOf(requestBody!.content!['application/json']!.schema))];
  expect(members.length).toBeGreaterThan(0);
  for (const body of HOSTILE_BODIES) await expectClear(method, address, { headers, body });
  for (const member of [...members, '__proto__', 'constructor', 'toString', '\\u0000', '\\ud800', '']) {
    for (const value of HOSTILE_JSON) {
      await expectClear(method, address, { headers, body: `{"${member}":${value}}` });
      const url = JSON.stringify(origin.url('/hook'));
      if (member !== 'webhook_url')
        await expectClear(method, address, { headers, body: `{"webhook_url":${url},"${member}":${value}}` });
    }
  }
});

it('a NUL or a line end in a header is refused before anything reads it', async () => {
  for (const value of ['a\0b', 'a\rb']) {
    const { send, answer } = await rawConnection(service.env.publicUrl);
    send(`GET /api/requests HTTP/1.1\r\nHost: halftone.test\r\nX-Request-Id: ${value}\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1.1 400 /);
  }
});

it('after all this nothing odd is stored, and an ordinary upload is worked', async () => {
  const [stored] = await database.query<{ texts: string | null }[]>(
    `SELECT string_agg(url, ' ') || string_agg(events::text, ' ') AS texts FROM webhook_endpoint`,
  );
  expect(stored!.texts).not.toMatch(/[\0\p{Cs}\uFFFD]|polluted|__proto__/u);
  const { request_id } = await service.api.upload(`Name,Image\na,${origin.url('/good.jpg')}\n`);
  expect((await service.api.finished(request_id)).status).toBe('completed');
});
