import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { connect } from '../support/invariants.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { expectProblem } from '../support/problems.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { FILE, formOf } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

let database: TestDatabase;
let look: DataSource;
let directory: string;
/** The first is killed, the second is who the client comes to then. */
let first: ServiceProcess;
let second: ServiceProcess;

beforeEach(async () => {
  database = await createTestDatabase();
  look = await connect(database.url);
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  const settings = { DATABASE_URL: database.url, DATA_DIR: directory, APP_MODE: 'api' };
  [first, second] = await Promise.all([startProcess(settings), startProcess(settings)]);
});
afterEach(async () => {
  await Promise.all([first, second].map(({ end }) => end('SIGKILL')));
  await look.destroy();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const post = ({ url }: ServiceProcess): Promise<Response> =>
  fetch(`${url}/api/upload?webhook_url=http://127.0.0.1/hook`, {
    method: 'POST',
    body: formOf([FILE]),
    headers: { 'idempotency-key': 'spring' },
  });

const outcomeOf = (answer: Promise<Response>): Promise<string> =>
  answer.then(
    () => 'answered',
    () => 'broken off',
  );

const rowsOf = async (table: string): Promise<Record<string, unknown>[]> =>
  look.query(`SELECT * FROM ${table}`);

/** Holds up whoever writes to the table, until `meanwhile` has ended. */
const blocking = (table: string, meanwhile: () => Promise<unknown>): Promise<void> =>
  look.transaction(async (manager) => {
    await manager.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    await meanwhile();
  });

const sessionAtALock = async (): Promise<boolean> =>
  (await look.query<unknown[]>(`SELECT FROM pg_locks WHERE NOT granted`)).length > 0;

it('a process that is killed while it stores leaves neither request nor key', async () => {
  await blocking('slice', async () => {
    const outcome = outcomeOf(post(first));
    await waitFor('the upload to store its slices', sessionAtALock);
    const inUse = await post(second);
    expect(inUse.headers.get('retry-after')).toBe('2');
    await expectProblem(inUse, 409, 'idempotency_key_in_use');
    await first.end('SIGKILL');
    expect(await outcome).toBe('broken off');
  });
  // PostgreSQL sees a little later that nobody is there any more.
  const answer = await waitFor('the key to be free', async () => {
    const response = await post(second);
    return response.status !== 409 && response;
  });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('idempotency-replayed')).toBeNull();
  const { request_id } = (await answer.json()) as AcceptedBody;
  expect(await rowsOf('processing_request')).toMatchObject([{ id: request_id }]);
  expect(await rowsOf('product_image')).toHaveLength(3);
});

it('what a killed process had stored and not answered is answered by another', async () => {
  await blocking('bullmq.job', async () => {
    const outcome = outcomeOf(post(first));
    await waitFor('the commit', async () => (await rowsOf('idempotency_key')).length === 1);
    await first.end('SIGKILL');
    expect(await outcome).toBe('broken off');
  });
  const answer = await post(second);
  expect(answer.status).toBe(202);
  expect(answer.headers.get('idempotency-replayed')).toBe('true');
  const { request_id, webhook_secret } = (await answer.json()) as AcceptedBody;
  expect(await rowsOf('processing_request')).toMatchObject([{ id: request_id }]);
  expect(await rowsOf('webhook_endpoint')).toMatchObject([{ request_id, secret: webhook_secret }]);
});
