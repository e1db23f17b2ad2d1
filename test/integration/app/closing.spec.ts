import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeApp, createApp } from '../../../src/app.js';
import { parseEnv } from '../../../src/config/env.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { openFiles } from '../../support/open-files.js';
import { rawConnection, uploadHead } from '../../support/raw-connection.js';
import { testSettings } from '../../support/service.js';
import { CSV } from '../../support/upload-form.js';
import { waitFor } from '../../support/wait-for.js';

const isSpool = (path: string): boolean => path.includes('/tmp/upload-');

describe('closing an application', () => {
  let database: TestDatabase;
  let dataDir: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  });
  afterAll(async () => {
    await database.drop();
    await rm(dataDir, { recursive: true });
  });

  async function listen() {
    const settings = { APP_MODE: 'api', DATABASE_URL: database.url, DATA_DIR: dataDir };
    const app = await createApp(parseEnv(testSettings(settings)));
    await app.listen(0, '127.0.0.1');
    return { app, port: Number(new URL(await app.getUrl()).port) };
  }

  it('does not wait for connections that were opened ahead and never used', async () => {
    const { app, port } = await listen();
    const socket = connectSocket(port, '127.0.0.1');
    await once(socket, 'connect');
    // The time limit would end it too, but not within this test.
    await closeApp(app, 10 * 60_000);
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('breaks off an answer that nobody reads, when the time is over', async () => {
    const { app, port } = await listen();
    const socket = connectSocket(port, '127.0.0.1').pause();
    // A request whose body never comes: its answer is never finished.
    socket.write(
      'POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\nS. No.',
    );
    await once(app.getHttpServer(), 'request');
    await closeApp(app, 200);
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('finishes the upload under way, and refuses what else is asked on open connections', async () => {
    const { app, port } = await listen();
    const url = `http://127.0.0.1:${port}`;
    const [sender, other] = [await rawConnection(url), await rawConnection(url)];
    sender.send(uploadHead('text/csv', CSV.length) + CSV.slice(0, 10));
    other.send(uploadHead('text/csv', CSV.length) + CSV.slice(0, 10));
    await waitFor('both uploads', async () => (await openFiles()).filter(isSpool).length === 2);
    const closed = closeApp(app, 10 * 60_000);
    await waitFor('the server to take nothing new', async () => !app.getHttpServer().listening);
    // The rest of an upload, and on the same connection one more request of each kind.
    const next = 'GET /api/requests HTTP/1.1\r\nHost: x\r\n\r\n';
    sender.send(CSV.slice(10) + next);
    other.send(CSV.slice(10));
    await closed;
    for (const answer of [await sender.answer, await other.answer]) {
      expect(answer).toMatch(/^HTTP\/1\.1 202 /);
      expect(answer).toMatch(/^connection: close\r$/m);
      expect(answer).toContain('"status":"pending"');
    }
  });

  it.each(['GET /api/requests', 'GET /nowhere', 'GET /health/live', 'POST /api/webhook'])(
    'answers %s with a problem, and when to come again',
    async (line) => {
      const { app, port } = await listen();
      const url = `http://127.0.0.1:${port}`;
      const [holding, asking] = [await rawConnection(url), await rawConnection(url)];
      holding.send(uploadHead('text/csv', CSV.length) + CSV.slice(0, 10));
      asking.send('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(asking.socket, 'data');
      // A head that has begun: the closing server takes the connection for a busy one.
      asking.send(`${line} HTTP/1.1\r\nHost: x\r\n`);
      await waitFor('the upload', async () => (await openFiles()).some(isSpool));
      const closed = closeApp(app, 10 * 60_000);
      await waitFor('the server to take nothing new', async () => !app.getHttpServer().listening);
      asking.send('\r\n');
      const answer = (await asking.answer).replace(/^HTTP\/1\.1 200 [^{]*{"status":"ok"}/, '');
      expect(answer).toMatch(/^HTTP\/1\.1 503 /);
      expect(answer).toMatch(/^retry-after: 5\r$/m);
      expect(answer).toMatch(/^connection: close\r$/m);
      expect(answer).toMatch(/^content-type: application\/problem\+json/m);
      expect(answer).toContain('"code":"unavailable"');
      holding.send(CSV.slice(10));
      await closed;
    },
  );
});
