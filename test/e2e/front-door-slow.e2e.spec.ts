import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { ApiClient } from '../support/api-client.js';
import { connect } from '../support/invariants.js';
import { openFiles } from '../support/open-files.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { expectProblem } from '../support/problems.js';
import { parseAnswer, rawConnection, uploadHead } from '../support/raw-connection.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { CSV } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

const EACH = 100;
const FORM = 'multipart/form-data; boundary=b';
const FILE_PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nS. No.,';
const JSON_HEAD =
  'POST /api/webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n';

/** What slow senders begin with, and what they send every second from then on. */
const SLOW: Record<string, [begin: string, drip: string]> = {
  'half headers': ['GET /api/requests HTTP/1.1\r\nHost: localhost\r\n', ''],
  'headers that drip': ['GET /api/requests HTTP/1.1\r\nHost: localhost\r\n', 'a: b\r\n'],
  'a file that stands still': [uploadHead('text/csv', 90_000) + 'S. No.,', ''],
  'a file that drips': [uploadHead('text/csv', 90_000) + 'S. No.,', 'x'],
  'half a form': [uploadHead(FORM, 90_000) + FILE_PART, ''],
  'a form that drips': [uploadHead(FORM, 90_000) + FILE_PART, 'x'],
  'a form that never begins': [uploadHead(FORM, 90_000), 'x'],
  'JSON that drips': [`${JSON_HEAD}{`, ' '],
};

let database: TestDatabase;
let look: DataSource;
let directory: string;
let service: ServiceProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  look = await connect(database.url);
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  const settings = { APP_MODE: 'api', DATABASE_URL: database.url, DATA_DIR: directory, LOG_LEVEL: 'warn' };
  service = await startProcess({
    ...settings,
    ALLOW_PRIVATE_ADDRESSES: 'false',
    MAX_OPEN_REQUESTS: '100000',
  });
});
afterAll(async () => {
  await service.end('SIGKILL');
  await look.destroy();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const opened = (): Promise<string[]> => openFiles(service.child.pid);

it('a hundred slow senders of every kind are refused within seconds, and stop nobody meanwhile', async () => {
  const api = new ApiClient(service.url);
  await api.upload(CSV);
  const before = await opened();
  const senders = await Promise.all(
    Object.values(SLOW).flatMap(([begin, drip]) =>
      Array.from({ length: EACH }, async () => {
        const { send, socket, answer } = await rawConnection(service.url);
        send(begin);
        return { send: () => void (drip && socket.writable && send(drip)), answer };
      }),
    ),
  );
  const dripping = setInterval(() => senders.forEach(({ send }) => send()), 1000);
  const waiting = new Set(senders);
  const answers = senders.map((sender) => sender.answer.finally(() => waiting.delete(sender)));

  let served = 0;
  while (waiting.size > 0) {
    const { request_id: id } = await api.upload(CSV);
    expect(await api.status(id)).toMatchObject({ image_count: 3 });
    served += 1;
  }
  clearInterval(dripping);
  for (const answer of answers) await expectProblem(parseAnswer(await answer), 408, 'request_timeout');

  expect(served).toBeGreaterThan(0);
  await waitFor(
    'every connection and file to be closed',
    async () => (await opened()).length <= before.length,
  );
  expect((await opened()).filter((path) => path.includes('/tmp/upload-'))).toEqual([]);
  expect(await look.query('SELECT count(*)::int AS n FROM processing_request')).toEqual([{ n: served + 1 }]);
  expect(service.output()).toBe('');
});

it('a sender that leaves in the middle of its JSON is no trouble of ours', async () => {
  const before = await opened();
  const { send, socket } = await rawConnection(service.url);
  send(`${JSON_HEAD}{`);
  await waitFor('the connection', async () => (await opened()).length > before.length);
  socket.end();
  await waitFor('its end', async () => (await opened()).length <= before.length);
  await new ApiClient(service.url).get('/health/live');
  expect(service.output()).toBe('');
});
