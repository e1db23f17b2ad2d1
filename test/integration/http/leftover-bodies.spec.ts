import Fastify, { type FastifyInstance } from 'fastify';
import { endLeftoverBodies } from '../../../src/http/leftover-bodies.js';
import { rawConnection, uploadHead } from '../../support/raw-connection.js';
import { startService, type TestService } from '../../support/service.js';

const PING = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

describe('a body that nobody wants', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ APP_MODE: 'api', API_KEYS: 'shop:0123456789abcdef' });
  });
  afterAll(() => service.stop());

  it.each([3_000, 3_000_000])('does not keep the answer from the sender of %i bytes', async (bytes) => {
    const upload = (): Promise<Response> => service.api.post(Buffer.alloc(bytes, 'a'));
    for (let turn = 0; turn < 10; turn += 1) {
      const answers = await Promise.all([upload(), upload(), upload(), upload()]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
      await Promise.all(answers.map((answer) => answer.text()));
    }
  });

  it('is not taken for the next request of the connection', async () => {
    const { send, answer } = await rawConnection(service.api.url);
    const hidden = 'DELETE /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n';
    send(uploadHead('text/csv', hidden.length) + hidden + PING);
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });
});

describe('endLeftoverBodies', () => {
  let server: FastifyInstance;
  let url: string;
  beforeEach(async () => {
    server = Fastify({ forceCloseConnections: true });
    server.addContentTypeParser('text/csv', (_request, body, done) => done(null, body));
    endLeftoverBodies(server, 50);
    server.post('/api/upload', async () => 'no, thanks');
    server.get('/health/live', async () => 'well');
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(() => server.close());

  it('closes the connection of a sender that goes on for too long', async () => {
    const { socket, send } = await rawConnection(url);
    send(uploadHead('text/csv', 1_000_000));
    const more = setInterval(() => send('a'), 10);
    // With a reset, because its last bytes were not read.
    socket.on('error', () => clearInterval(more));
    await new Promise((resolve) => socket.once('close', resolve)).finally(() => clearInterval(more));
    expect(server.server.listening).toBe(true);
  });

  it('lets a connection be used again whose body has come to its end', async () => {
    const { send, answer } = await rawConnection(url);
    send(uploadHead('text/csv', 3));
    send(`abc${PING}`);
    expect(await answer).toMatch(/no, thanks[^]*well$/);
  });
});
