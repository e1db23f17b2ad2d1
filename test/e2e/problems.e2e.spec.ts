import { PROBLEMS } from '../../src/errors/problem-catalogue.js';
import { expectProblem } from '../support/problems.js';
import { rawAnswer } from '../support/raw-connection.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf, HEADER } from '../support/upload-form.js';

const UUID = /^[0-9a-f-]{36}$/;

let service: TestService;

beforeAll(async () => {
  service = await startService({ APP_MODE: 'api' });
});
afterAll(() => service.stop());

const at = (path: string, init?: RequestInit): Promise<Response> => fetch(service.env.publicUrl + path, init);
const postJson = (path: string, body: string): Promise<Response> =>
  at(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('a problem', () => {
  it('has these members, in this order', async () => {
    const response = await at('/api/nothing');
    expect(await response.text()).toBe(
      JSON.stringify({
        type: `${service.env.publicUrl}/problems/not_found`,
        title: 'Not found',
        status: 404,
        detail: 'There is nothing at this address.',
        code: 'not_found',
        error: 'Not found',
        trace_id: response.headers.get('x-request-id'),
      }),
    );
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  });

  it('of several faults has them and their number', async () => {
    const response = await at('/api/upload', {
      method: 'POST',
      body: formOf([FILE], `${HEADER}\n1,SKU1,\n`),
    });
    expect(Object.keys((await response.json()) as object)).toEqual([
      'type',
      'title',
      'status',
      'detail',
      'code',
      'error',
      'errors',
      'error_count',
      'trace_id',
    ]);
  });

  it.each(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[])('%s has a page', async (code) => {
    const page = await at(`/problems/${code}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const { status, title, help } = PROBLEMS[code];
    expect(await page.text()).toBe(`${code} (HTTP ${status})\n\n${title}. ${help}\n`);
  });

  it.each(['nothing', 'constructor', '__proto__'])('%s has none', async (code) => {
    await expectProblem(at(`/problems/${code}`), 404, 'not_found');
  });
});

describe('the X-Request-Id', () => {
  const idOf = async (given: string): Promise<string> => {
    const response = await at('/api/nothing', { headers: { 'x-request-id': given } });
    return (await expectProblem(response, 404, 'not_found')).trace_id;
  };

  it.each(['a', 'trace-1.2:3_4', 'x'.repeat(128)])('%.20s is kept', async (given) => {
    expect(await idOf(given)).toBe(given);
  });

  it.each(['', 'a b', 'a"b', '<script>', 'ü', 'x'.repeat(129)])('%.20s is replaced', async (given) => {
    expect(await idOf(given)).toMatch(UUID);
  });

  it('stands on every answer, and is never twice the same', async () => {
    const ids = await Promise.all(
      ['/health/live', '/api/requests', '/api/nothing'].map(async (path) =>
        (await at(path)).headers.get('x-request-id')!,
      ),
    );
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(UUID);
  });
});

describe('what cannot be read', () => {
  it.each(['{', ' ', 'null x', '{"__proto__": {"a": 1}, "status": "x"}'])('the JSON %j', async (body) => {
    await expectProblem(postJson('/api/webhooks', body), 400, 'malformed_request');
  });

  it('is not JSON that says nothing: many clients send the header alone', async () => {
    await expectProblem(postJson('/api/webhooks', ''), 422, 'webhook_url_missing');
  });

  it('more than 64 KiB of JSON', async () => {
    const bodyOf = (bytes: number): string => {
      const empty = JSON.stringify({ status: 'x', more: '' });
      return JSON.stringify({ status: 'x', more: 'x'.repeat(bytes - empty.length) });
    };
    expect((await postJson('/api/webhook', bodyOf(64 * 1024))).status).toBe(200);
    await expectProblem(postJson('/api/webhook', bodyOf(64 * 1024 + 1)), 413, 'body_too_large');
  });

  it.each(['[]', '"text"', '1', 'null', 'true'])('%s in place of an object', async (body) => {
    await expectProblem(postJson('/api/webhook', body), 422, 'webhook_url_missing');
  });

  it('an address with a broken escape', async () => {
    const { trace_id } = await expectProblem(
      at('/api/status/%zz', { headers: { 'x-request-id': 'mine' } }),
      400,
      'malformed_request',
    );
    expect(trace_id).toBe('mine');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a header without a colon', 'GET /health/live HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n'],
    [
      'a body with a broken length',
      'POST /api/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    ],
  ])('%s', async (_what, bytes) => {
    const answer = await rawAnswer(service.env.publicUrl, bytes);
    expect(answer.headers.get('connection')).toBe('close');
    await expectProblem(answer, 400, 'malformed_request');
  });
});

describe('what is not there', () => {
  it.each(['/nothing', '/api', '/api/nothing', '/files', '/files/nothing', '/api/status', '/.env', '/%00'])(
    '%s',
    async (path) => {
      await expectProblem(at(path), 404, 'not_found');
    },
  );

  it.each(['/api/status/', '/api/requests/', '/api/download/'])(
    'a request that %s does not know',
    async (path) => {
      const ids = [
        '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
        'nothing',
        '1',
        "'%20OR%201=1",
        '..%2f..%2fetc%2fpasswd',
        '%00',
        'x'.repeat(101),
        'x'.repeat(5000),
      ];
      for (const id of ids) await expectProblem(at(path + id), 404, 'not_found');
      await expectProblem(at(`/api/requests/${ids[0]}/images`), 404, 'not_found');
    },
  );

  it('a request for a webhook', async () => {
    for (const request_id of ['0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90', 'nothing']) {
      const body = JSON.stringify({ webhook_url: 'https://hooks.example/x', request_id });
      await expectProblem(postJson('/api/webhook', body), 404, 'not_found');
    }
  });
});

it.each([
  ['/api/status/1?products=maybe', 'products'],
  ['/api/status/1?colour=red', 'colour'],
  ['/api/download/1?columns=all', 'columns'],
  ['/api/requests?limit=0', 'limit'],
  ['/api/requests?cursor=x', 'cursor'],
])('%s names its wrong parameter', async (path, parameter) => {
  const { errors } = await expectProblem(at(path), 422, 'validation_failed');
  expect(errors).toEqual([
    expect.objectContaining({ parameter, message: expect.stringContaining(parameter) }),
  ]);
});
