import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stall, startOrigin } from '../support/origin.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

/** Takes the service a while, so that the end finds some in the middle. */
const CSV = `${HEADER}\n${'1,SKU1,https://shop.example/1.jpg\n'.repeat(500)}`;
const CLIENTS = 8;

interface Answer {
  status: number;
  type: string | undefined;
  retryAfter: string | undefined;
  connection: string | undefined;
  body: string;
}

let database: TestDatabase;
let dataDir: string;
let service: ServiceProcess;
let agents: Agent[];

beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  agents = Array.from({ length: CLIENTS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
});
afterEach(async () => {
  agents.forEach((agent) => agent.destroy());
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

/** One request over the client's kept-alive connection; throws when there is no whole answer. */
function ask(agent: Agent, method: string, path: string, body = ''): Promise<Answer> {
  const headers = body ? { 'content-type': 'text/csv', 'content-length': Buffer.byteLength(body) } : {};
  return new Promise((resolve, reject) => {
    const asked = request(service.url + path, { method, agent, headers }, (response) => {
      const { statusCode, headers: had } = response;
      text(response).then(
        (answer) =>
          resolve({
            status: statusCode!,
            type: had['content-type'],
            retryAfter: had['retry-after'],
            connection: had.connection,
            body: answer,
          }),
        reject,
      );
    });
    asked.on('error', reject).end(body);
  });
}

function start(mode: string): Promise<ServiceProcess> {
  const settings = {
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    SHUTDOWN_TIMEOUT: '5s',
  };
  return startProcess({ ...settings, APP_MODE: mode });
}

function expectStopping({ status, type, retryAfter, connection, body }: Answer): void {
  expect({ status, type, retryAfter, connection }).toEqual({
    status: 503,
    type: 'application/problem+json; charset=utf-8',
    retryAfter: '5',
    connection: 'close',
  });
  expect(JSON.parse(body)).toMatchObject({
    code: 'unavailable',
    detail: expect.stringContaining('stopping'),
  });
}

it('a process that is asked to end under load gives every client a whole answer, and ends without an error', async () => {
  const answers: Answer[] = [];
  const failures: string[] = [];
  service = await start('api');
  const first = await ask(agents[0]!, 'POST', '/api/upload', CSV);
  const { request_id: id } = JSON.parse(first.body) as { request_id: string };

  /** Asks again and again, until nobody is there any more. */
  const keepAsking = async (agent: Agent, method: string, path: string, body?: string): Promise<void> => {
    for (;;) {
      try {
        answers.push(await ask(agent, method, path, body));
      } catch (error) {
        failures.push((error as NodeJS.ErrnoException).code!);
        return;
      }
    }
  };
  const clients = agents.map((agent, index) =>
    index % 2 === 0
      ? keepAsking(agent, 'POST', '/api/upload', CSV)
      : keepAsking(agent, 'GET', `/api/status/${id}`),
  );
  await waitFor('some answers', async () => answers.length > 20);
  expect(await service.end('SIGTERM')).toBe(0);
  await Promise.all(clients);

  const refused = answers.filter(({ status }) => status === 503);
  expect(new Set(answers.map(({ status }) => status))).toEqual(
    new Set([200, 202, ...(refused.length > 0 ? [503] : [])]),
  );
  refused.forEach(expectStopping);
  // ECONNRESET: a kept-alive connection was closed in the moment in which the next request was sent.
  expect(failures.filter((code) => code !== 'ECONNREFUSED' && code !== 'ECONNRESET')).toEqual([]);
  expect(service.output()).toBe('');
});

it('while jobs end, everything is answered but uploads, which go elsewhere', async () => {
  const origin = await startOrigin();
  try {
    origin.serve('/stall.jpg', stall());
    service = await start('all');
    const csv = `${HEADER}\n1,SKU1,${origin.url('/stall.jpg')}\n`;
    expect((await ask(agents[0]!, 'POST', '/api/upload', csv)).status).toBe(202);
    await waitFor('the download', async () => origin.hits('/stall.jpg') > 0);
    const ended = service.end('SIGTERM');
    const refused = await waitFor('an upload to be refused', async () => {
      const answer = await ask(agents[0]!, 'POST', '/api/upload', csv);
      return answer.status !== 202 && answer;
    });
    expectStopping(refused);
    expect((await ask(agents[1]!, 'GET', '/api/requests')).status).toBe(200);
    expect(await ended).toBe(0);
    expect(service.output()).toBe('');
  } finally {
    await origin.close();
  }
});
