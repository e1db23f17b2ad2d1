import { expectProblem } from '../support/problems.js';
import { rawAnswer, rawConnection } from '../support/raw-connection.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ APP_MODE: 'api' });
});
afterAll(() => service.stop());

const at = (path: string, init?: RequestInit): Promise<Response> => fetch(service.env.publicUrl + path, init);
const postJson = (path: string, body: RequestInit['body']): Promise<Response> =>
  at(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
const raw = (bytes: string): Promise<Response> => rawAnswer(service.env.publicUrl, bytes);
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('JSON', () => {
  it.each([
    ['a list that never ends', '['.repeat(60_000), 'The body is not JSON: Unexpected end of JSON input.'],
    ['a deep list', nested(30_000), 'The JSON has more than 32 levels.'],
    ['a deep member', `{"webhook_url":${nested(30_000)}}`, 'The JSON has more than 32 levels.'],
    ['a deep unknown member', `{"status":"x","a":${'{"a":'.repeat(9000)}1${'}'.repeat(9001)}`, 'levels'],
    ['bytes that are no UTF-8', Buffer.from('7b22737461747573223a22ff227d', 'hex'), 'The body is not UTF-8.'],
    ['a word of JavaScript', '{"webhook_url": undefined}', 'undefined}'],
    ['a comma too many', '{"webhook_url": "https://h.example/",}', 'position 37'],
    ['another prototype', '{"status": "x", "__proto__": {"a": 1}}', '"__proto__"'],
    ['another constructor', '{"status": "x", "constructor": {"prototype": {"a": 1}}}', '"constructor"'],
  ])('with %s is refused, and told where', async (_what, body, detail) => {
    const answer = await postJson('/api/webhook', body);
    expect((await expectProblem(answer, 400, 'malformed_request')).detail).toContain(detail);
  });

  it('may be as deep as any that we send, and begin with a byte order mark', async () => {
    expect((await postJson('/api/webhook', `\ufeff{"status":"x","a":${nested(31)}}`)).status).toBe(200);
    const answer = await postJson('/api/webhook', `{"status":"x","a":${nested(32)}}`);
    await expectProblem(answer, 400, 'malformed_request');
  });

  it.each([
    ['a number beyond all', '{"webhook_url": 1e400}'],
    ['a list', '{"webhook_url": ["https://h.example/"]}'],
    ['an object', '{"webhook_url": {"toString": "x"}}'],
    ['an unknown member', '{"webhook_url": "https://h.example/", "webhookUrl": 1}'],
    ['a number as a list', '{"webhook_url": "https://h.example/", "events": 7}'],
    ['a list in a list', '{"webhook_url": "https://h.example/", "events": [["request.failed"]]}'],
  ])('with %s has wrong values', async (_what, body) => {
    await expectProblem(postJson('/api/webhooks', body), 422, 'validation_failed');
  });

  it('gives the last of two members of one name, as JSON.parse does', async () => {
    const answer = await postJson('/api/webhooks', '{"webhook_url": 7, "webhook_url": "https://h.example/"}');
    expect(await answer.json()).toMatchObject({ webhook_url: 'https://h.example/' });
  });
});

describe('a method that an address does not know', () => {
  it.each([
    ['GET', '/api/upload', 'POST'],
    ['DELETE', '/api/upload', 'POST'],
    ['OPTIONS', '/api/upload', 'POST'],
    ['POST', '/api/status/1', 'GET, HEAD'],
    ['PROPFIND', '/api/status/1', 'GET, HEAD'],
    ['PUT', '/api/webhooks/1?x=/y', 'DELETE, GET, HEAD, PATCH'],
    ['PUT', '/upload/', 'POST'],
    ['POST', '/files/a/b.jpg', 'GET, HEAD'],
    ['PUT', '/api/requests/1', 'DELETE, GET, HEAD'],
  ])('%s %s', async (method, path, allow) => {
    const answer = await at(path, { method });
    expect(answer.headers.get('allow')).toBe(allow);
    await expectProblem(answer, 405, 'method_not_allowed');
  });

  it('TRACE is none of them', async () => {
    const answer = await raw('TRACE /api/status/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await expectProblem(answer, 405, 'method_not_allowed');
  });

  it.each(['/nothing', '/api/upload/more', '/api', '/apixupload'])(
    'at %s is not the matter',
    async (path) => {
      await expectProblem(at(path, { method: 'DELETE' }), 404, 'not_found');
    },
  );

  it('does not hide behind a body', async () => {
    const init = { method: 'POST', body: 'a,b', headers: { 'content-type': 'text/csv' } };
    await expectProblem(at('/api/status/1', init), 405, 'method_not_allowed');
    await expectProblem(at('/nothing', init), 404, 'not_found');
  });
});

describe('headers', () => {
  const head = 'GET /health/live HTTP/1.1\r\nHost: x\r\n';

  it.each([
    ['of more than 16 KiB', `X-A: ${'a'.repeat(17_000)}\r\n`],
    ['that never end', 'X-Name: value\r\n'.repeat(5000)],
    ['of more than a hundred', `Connection: close\r\n${'a: b\r\n'.repeat(99)}`],
  ])('%s', async (_what, headers) => {
    await expectProblem(raw(`${head}${headers}\r\n`), 431, 'headers_too_large');
  });

  it('of an address of more than 16 KiB', async () => {
    await expectProblem(
      raw(`GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
      431,
      'headers_too_large',
    );
  });

  it('of a hundred are read', async () => {
    const answer = await raw(`${head}Connection: close\r\n${'a: b\r\n'.repeat(98)}\r\n`);
    expect(answer.status).toBe(200);
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a length that is none', 'Content-Length: -1\r\n'],
    ['an encoding that hides chunks', 'Transfer-Encoding: chunked, identity\r\n'],
    ['a line that goes on', 'X-A: a\r\n b\r\n'],
  ])('with %s, by which a proxy and we could see different requests', async (_what, headers) => {
    const answer = await raw(`POST /api/webhook HTTP/1.1\r\nHost: x\r\n${headers}\r\n0\r\n\r\n`);
    await expectProblem(answer, 400, 'malformed_request');
  });
});

describe('requests that do not wait for answers', () => {
  const one = 'GET /api/requests HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const last = 'GET /api/requests HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

  it('are answered in their order, when they are few', async () => {
    const { send, answer } = await rawConnection(service.env.publicUrl);
    send(one.repeat(31) + last);
    expect((await answer).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(32);
  });

  it('break the connection when they are many, and others do not wait for them', async () => {
    const { send, socket } = await rawConnection(service.env.publicUrl);
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined);
    send(one.repeat(100_000));
    expect((await at('/api/requests')).status).toBe(200);
    await ended;
    expect(socket.bytesRead).toBeLessThan(100_000);
  });
});
