import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { parseEnv } from '../../../src/config/env.js';
import { ProblemFilter } from '../../../src/errors/problem.filter.js';
import { refuseSlowBodies } from '../../../src/http/slow-requests.js';
import { expectProblem } from '../../support/problems.js';
import { parseAnswer, rawConnection, uploadHead } from '../../support/raw-connection.js';

/** Twenty looks without a byte, or with less than 10 kB/s, are too many. */
const PATIENCE = { waitMs: 200, lookMs: 10, bytesPerSecond: 10_000 };

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

let server: FastifyInstance;
let url: string;
let handle: Handler;

beforeEach(async () => {
  handle = async ({ body }) => `${(await buffer(body as Readable)).length} bytes`;
  server = Fastify({ forceCloseConnections: true });
  const problems = new ProblemFilter(parseEnv({}));
  await server.register(multipart);
  server.addContentTypeParser('text/csv', (_request, body, done) => done(null, body));
  refuseSlowBodies(server, problems, PATIENCE);
  server.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
  server.post('/api/upload', (request, reply) => handle(request, reply));
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => server.close());

const FORM = 'multipart/form-data; boundary=b';
const FILE_PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
const readForm: Handler = async (request) => {
  for await (const part of request.parts()) if (part.type === 'file') await part.toBuffer();
};

/** A sender that stands still, until it is refused: by then everybody's patience is over who came before. */
async function standStill(): Promise<void> {
  const { send, answer } = await rawConnection(url);
  send(uploadHead('text/csv', 1000));
  await expectProblem(parseAnswer(await answer), 408, 'request_timeout');
}

describe('refuseSlowBodies', () => {
  it.each<[string, string, string, Handler | undefined]>([
    ['a file', 'text/csv', 'abc', undefined],
    ['a file of which nothing comes', 'text/csv', '', undefined],
    ['a form in its file', FORM, FILE_PART, readForm],
    ['a form in a field', FORM, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc', readForm],
    ['a form before its first part', FORM, '', readForm],
  ])('refuses %s that stands still, and ends what reads it', async (_what, type, begin, reader = handle) => {
    const read = new Promise<unknown>((resolve) => {
      handle = (...given) => {
        const reading = reader(...given);
        resolve(reading);
        return reading;
      };
    });
    const { send, answer } = await rawConnection(url);
    send(uploadHead(type, 1000) + begin);
    await expect(read).rejects.toMatchObject({ code: 'request_timeout' });
    await expectProblem(parseAnswer(await answer), 408, 'request_timeout');
  });

  it('refuses JSON that stands still', async () => {
    const { send, answer } = await rawConnection(url);
    send(`${uploadHead('application/json', 1000)}{`);
    await expectProblem(parseAnswer(await answer), 408, 'request_timeout');
  });

  it.each([
    ['a length', uploadHead('text/csv', 100_000), 'x'],
    [
      'chunks',
      uploadHead('text/csv', 1).replace('Content-Length: 1', 'Transfer-Encoding: chunked'),
      '1\r\nx\r\n',
    ],
  ])('refuses what drips, with %s', async (_what, head, drip) => {
    const { send, socket, answer } = await rawConnection(url);
    send(head);
    const dripping = setInterval(() => socket.writable && send(drip), PATIENCE.lookMs);
    await expectProblem(parseAnswer(await answer), 408, 'request_timeout');
    clearInterval(dripping);
  });

  it('leaves a slow line alone, however long it takes', async () => {
    const { send, answer } = await rawConnection(url);
    // Three times as fast as it must be, for five times as long as one may stand still.
    const piece = 'x'.repeat(300);
    send(uploadHead('text/csv', 100 * piece.length).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    for (let sent = 0; sent < 100; sent++) {
      send(piece);
      await delay(10);
    }
    expect(await answer).toContain('30000 bytes');
  });

  it('does not blame the sender when we do not read', async () => {
    let goOn!: () => void;
    const mayRead = new Promise<void>((resolve) => (goOn = resolve));
    const read = handle;
    handle = async (...given) => {
      await mayRead;
      return read(...given);
    };
    const { send, answer } = await rawConnection(url);
    send(
      uploadHead('text/csv', 2000).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + 'x'.repeat(1000),
    );
    await standStill();
    await standStill();
    send('x'.repeat(1000));
    goOn();
    expect(await answer).toContain('2000 bytes');
  });

  it('ends the connection where the answer has begun without the body', async () => {
    handle = async (_request, reply) => reply.send('no matter');
    const { send, socket, answer } = await rawConnection(url);
    send(uploadHead('text/csv', 1000));
    await once(socket, 'close');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*no matter$/s);
  });
});
