import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeApp, createApp } from '../../../src/app.js';
import { parseEnv } from '../../../src/config/env.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { testSettings } from '../../support/service.js';

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
});
