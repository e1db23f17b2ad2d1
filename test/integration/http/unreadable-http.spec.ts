import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { answerUnreadableHttp } from '../../../src/http/unreadable-http.js';
import { HEADER_LIMITS } from '../../../src/http/http-limits.js';
import { expectProblem } from '../../support/problems.js';
import { parseAnswer, rawConnection } from '../../support/raw-connection.js';

let server: FastifyInstance;
let url: string;
let stream: Readable;

beforeEach(async () => {
  server = Fastify({
    // The limits of the service, but for the time.
    http: { ...HEADER_LIMITS, headersTimeout: 200, connectionsCheckingInterval: 20 },
    clientErrorHandler: (error: Error, socket: Socket) =>
      answerUnreadableHttp(error, socket, 'http://halftone.test', { 'x-content-type-options': 'nosniff' }),
    forceCloseConnections: true,
  });
  stream = new Readable({ read: () => undefined });
  server.get('/', () => 'answered');
  server.get('/stream', () => stream);
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => server.close());

const HEAD = 'GET / HTTP/1.1\r\nHost: x\r\n';

describe('answerUnreadableHttp', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['headers that do not end', HEAD, 408, 'request_timeout'],
    ['an address that does not end', 'GET /', 408, 'request_timeout'],
    ['more headers than fit', `${HEAD}X-A: ${'a'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ] as const)('tells %s', async (_what, bytes, status, code) => {
    const { send, answer } = await rawConnection(url);
    send(bytes);
    const response = parseAnswer(await answer);
    expect(response.headers.get('connection')).toBe('close');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    await expectProblem(response, status, code);
  });

  it('tells headers that drip', async () => {
    const { send, socket, answer } = await rawConnection(url);
    send(HEAD);
    const dripping = setInterval(() => socket.writable && send('a: b\r\n'), 20);
    await expectProblem(parseAnswer(await answer), 408, 'request_timeout');
    clearInterval(dripping);
  });

  it('says nothing on a connection that was opened ahead', async () => {
    const { answer } = await rawConnection(url);
    expect(await answer).toBe('');
  });

  it('tells the second request of a connection, after the answer of the first', async () => {
    const { send, answer } = await rawConnection(url);
    send(`${HEAD}\r\nGET /`);
    const [first, second] = (await answer).split(/(?<=answered)/) as [string, string];
    expect(first).toMatch(/^HTTP\/1\.1 200 /);
    await expectProblem(parseAnswer(second), 408, 'request_timeout');
  });

  it('does not write into an answer that is under way', async () => {
    const { send, socket, answer } = await rawConnection(url);
    send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    stream.push('a part of it');
    while (socket.bytesRead === 0) await turn();
    send('hello\r\n\r\n');
    expect(await answer.catch(() => '')).not.toContain('problem');
    expect(socket.destroyed).toBe(true);
  });
});
