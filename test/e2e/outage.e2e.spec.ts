import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

/** The way to the database, which can be cut. */
let way: Server;
let port: number;
const sockets = new Set<Socket>();
let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
  const target = new URL(database.url);
  way = createServer((socket) => {
    const onwards = connect(Number(target.port), target.hostname);
    for (const one of [socket, onwards]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one));
    }
    socket.pipe(onwards).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  ({ port } = way.address() as AddressInfo);
  const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) });
  service = await startService({ APP_MODE: 'api', DATABASE_URL: url.href });
});
afterAll(async () => {
  await service.stop();
  await cut();
  await database.drop();
});

async function cut(): Promise<void> {
  const closed = once(way, 'close');
  way.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

it('a database that cannot be reached is told as 503, and forgotten when it is back', async () => {
  const upload = (): Promise<Response> =>
    fetch(`${service.env.publicUrl}/api/upload`, { method: 'POST', body: formOf([FILE]) });
  expect((await upload()).status).toBe(202);

  await cut();
  const answers = [await fetch(`${service.env.publicUrl}/api/requests`), await upload()];
  for (const answer of answers) {
    expect(answer.headers.get('retry-after')).toBe('5');
    await expectProblem(answer, 503, 'unavailable');
  }

  way.listen(port, '127.0.0.1');
  await once(way, 'listening');
  await waitFor('an upload to be accepted again', async () => (await upload()).status === 202);
  expect(await service.api.get('/api/requests')).toMatchObject({ data: [{}, {}], next_cursor: null });
});
