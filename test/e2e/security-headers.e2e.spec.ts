import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataSource } from 'typeorm';
import { objectKey } from '../../src/storage/object-key.js';
import { connect } from '../support/invariants.js';
import { rawAnswer } from '../support/raw-connection.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf } from '../support/upload-form.js';

const ANSWERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
const FILES = {
  ...ANSWERS,
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'cache-control': 'public, max-age=31536000, immutable',
};

let service: TestService;
let look: DataSource;
let accepted: string;
let file: string;

beforeAll(async () => {
  service = await startService({ APP_MODE: 'api' });
  look = await connect(service.databaseUrl);
  const answer = await fetch(`${service.env.publicUrl}/api/upload`, { method: 'POST', body: formOf([FILE]) });
  accepted = ((await answer.json()) as { request_id: string }).request_id;
  const sourceUrl = 'https://shop.example/a';
  const key = objectKey({ requestId: randomUUID(), position: 0, sourceUrl, extension: 'jpg' });
  const path = join(service.dataDir, 'files', key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '<script>alert(1)</script>');
  file = `/files/${key}`;
});
afterAll(async () => {
  await look.destroy();
  await service.stop();
});

const at = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(service.env.publicUrl + path, { redirect: 'manual', ...init });
const post = (path: string, body: RequestInit['body'], type = 'application/json'): Promise<Response> =>
  at(path, { method: 'POST', body, headers: { 'content-type': type } });
const raw = (bytes: string): Promise<Response> => rawAnswer(service.env.publicUrl, bytes);

/** The table is hidden for as long as something is asked. */
async function withoutTable(table: string, ask: () => Promise<Response>): Promise<Response> {
  await look.query(`ALTER TABLE ${table} RENAME TO hidden`);
  try {
    return await ask();
  } finally {
    await look.query(`ALTER TABLE hidden RENAME TO ${table}`);
  }
}

const answers: [string, number, () => Promise<Response>][] = [
  ['a list', 200, () => at('/api/requests')],
  ['a status', 200, () => at(`/api/status/${accepted}`)],
  ['the head of a status', 200, () => at(`/api/status/${accepted}`, { method: 'HEAD' })],
  ['a CSV', 200, () => at(`/api/download/${accepted}?partial=true`)],
  ['the failed images', 200, () => at(`/api/requests/${accepted}/errors`)],
  ['the list of webhooks', 200, () => at('/api/webhooks')],
  ['the health', 200, () => at('/health/live')],
  ['the page of a problem', 200, () => at('/problems/not_found')],
  ['the OpenAPI document', 200, () => at('/openapi.json')],
  ['the way to the documentation', 302, () => at('/')],
  ['an accepted upload', 202, () => at('/api/upload', { method: 'POST', body: formOf([FILE]) })],
  ['broken JSON', 400, () => post('/api/webhooks', '{')],
  ['a broken address', 400, () => at('/%zz')],
  ['bytes that are no HTTP', 400, () => raw('hello\r\n\r\n')],
  ['no host', 403, () => raw('GET /api/requests HTTP/1.1\r\nConnection: close\r\n\r\n')],
  [
    'an unknown expectation',
    200,
    () => raw('GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: more\r\nConnection: close\r\n\r\n'),
  ],
  ['an unknown address', 404, () => at('/nothing')],
  ['an unknown file', 404, () => at('/files/nothing')],
  ['a wrong method', 405, () => at('/api/upload', { method: 'DELETE' })],
  ['a request that is not finished', 409, () => at(`/api/download/${accepted}`)],
  ['too much JSON', 413, () => post('/api/webhooks', JSON.stringify('x'.repeat(70_000)))],
  ['an id that is too long', 404, () => at(`/api/status/${'x'.repeat(200)}`)],
  ['XML', 415, () => post('/api/webhooks', '<a/>', 'application/xml')],
  ['a wrong parameter', 422, () => at('/api/requests?limit=0')],
  ['huge headers', 431, () => raw(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`)],
  [
    'a hundred headers',
    431,
    () => raw(`GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(100)}Connection: close\r\n\r\n`),
  ],
  ['a fault of ours', 500, () => withoutTable('processing_request', () => at('/api/requests'))],
];

describe('an answer', () => {
  it.each(answers)(
    '%s (%i) has the headers that keep a browser from running it',
    async (_what, status, ask) => {
      const { status: answered, headers } = await ask();
      expect(answered).toBe(status);
      expect(Object.fromEntries(headers)).toMatchObject(ANSWERS);
      expect(headers.has('strict-transport-security')).toBe(false);
    },
  );

  const undocumented = answers.filter(([what]) => what !== 'the OpenAPI document');

  it.each(undocumented)('%s (%i) tells nothing of what it was made with', async (_what, _status, ask) => {
    const answer = await ask();
    const text = `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
    expect(text).not.toMatch(
      /node_modules|node:|\.[jt]s\b|\bat \S+ \(|Error:|SELECT|processing_request|hidden/,
    );
    expect(text).not.toMatch(
      /nest|fastify|express|node\.?js|postgres|typeorm|x-powered-by|"server"|\/tmp\/|(?<![.\d])\d+\.\d+\.\d+(?![.\d])/i,
    );
  });

  it.each(answers)('%s (%i) is for no page of another site', async (_what, _status, ask) => {
    const { headers } = await ask();
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('a stored file', () => {
  it.each([
    ['whole', 200, {}],
    ['its head', 200, { method: 'HEAD' }],
    ['a part of it', 206, { headers: { range: 'bytes=0-7' } }],
  ])('%s can be shown by every site and run by none', async (_what, status, init: RequestInit) => {
    const answer = await at(file, init);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ ...FILES, 'content-type': 'image/jpeg' });
  });

  it('that is not modified keeps its headers, and what is no file has those of any answer', async () => {
    const { headers } = await at(file, { method: 'HEAD' });
    const etag = headers.get('etag')!;
    // By hand: fetch says by itself that it wants no 304.
    const lines = ['Host: x', `If-None-Match: ${etag}`, 'Connection: close'];
    const unchanged = await raw(`GET ${file} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    expect(unchanged.status).toBe(304);
    expect(Object.fromEntries(unchanged.headers)).toMatchObject({
      'cache-control': FILES['cache-control'],
      'content-security-policy': FILES['content-security-policy'],
    });
    const beyond = await at(file, { headers: { range: 'bytes=99-' } });
    expect(beyond.status).toBe(416);
    expect(Object.fromEntries(beyond.headers)).toMatchObject(ANSWERS);
  });
});

describe('a preflight of a page of another site', () => {
  it('is refused', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await at('/api/upload', { method: 'OPTIONS', headers });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('behind https', () => {
  it('browsers are told to keep to it', async () => {
    const own = await startService({ APP_MODE: 'api', PUBLIC_URL: 'https://halftone.example' });
    const url = `http://127.0.0.1:${own.env.port}`;
    for (const answer of [await fetch(`${url}/api/requests`), await rawAnswer(url, 'hello\r\n\r\n')]) {
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
    await own.stop();
  });
});
