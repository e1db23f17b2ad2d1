import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { connect } from '../support/invariants.js';
import { openFiles } from '../support/open-files.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { expectProblem } from '../support/problems.js';
import { rawConnection, uploadHead } from '../support/raw-connection.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { expectNothingStored } from '../support/stored.js';
import { FILE, formOf, HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

let database: TestDatabase;
let look: DataSource;
let directory: string;
let service: ServiceProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  look = await connect(database.url);
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  service = await startProcess({
    APP_MODE: 'api',
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    LOG_LEVEL: 'error',
  });
});
afterAll(async () => {
  await service.end('SIGKILL');
  await look.destroy();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const post = (query = ''): Promise<Response> =>
  fetch(`${service.url}/api/upload${query}`, { method: 'POST', body: formOf([FILE]) });

const opened = (): Promise<string[]> => openFiles(service.child.pid);
const isUpload = (path: string): boolean => path.includes('/tmp/upload-');

const row = '1,SKU,https://shop.example/1.jpg\n';
const filePart = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${HEADER}\n${row}`;

describe('a sender that goes away', () => {
  it.each([
    ['in the middle of a bare file', 'text/csv', `${HEADER}\n${row}`],
    ['in the middle of the file of a form', 'multipart/form-data; boundary=b', filePart],
    [
      'behind the file, in the middle of a field',
      'multipart/form-data; boundary=b',
      `${filePart}\r\n--b\r\nContent-Disposition: form-data; name="label"\r\n\r\nspr`,
    ],
  ])('%s leaves nothing behind', async (_where, type, begin) => {
    await post('?validate_only=true');
    const before = (await opened()).length;
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const { socket, send } = await rawConnection(service.url);
      send(uploadHead(type, 1_000_000) + begin);
      await waitFor('the file on disk', async () => (await opened()).some(isUpload));
      socket[leave]();
      await waitFor('the file to be closed', async () => !(await opened()).some(isUpload));
    }
    await waitFor('the connections to be closed', async () => (await opened()).length <= before);
    await expectNothingStored(look, directory);
    expect(await (await post('?validate_only=true')).json()).toMatchObject({ valid: true });
    expect(service.output()).toBe('');
  });

  it.each([
    ['before the file', '--b\r\nContent-Disposition: form-data; name="label"\r\n\r\nspr'],
    [
      'in a file that was refused already',
      `--b\r\nContent-Disposition: form-data; name="csv"; filename="a.csv"\r\n\r\n${row}`,
    ],
  ])('%s does not end the service', async (_where, begin) => {
    const { socket, send, answer } = await rawConnection(service.url);
    send(uploadHead('multipart/form-data; boundary=b', 1_000_000) + begin);
    socket.end();
    await answer;
    expect(await (await post('?validate_only=true')).json()).toMatchObject({ valid: true });
    expect(service.output()).toBe('');
  });
});

describe('a database that fails in the middle', () => {
  beforeEach(() => look.query('ALTER TABLE slice RENAME TO slice_hidden'));

  it('leaves nothing behind, tells the log, and tells the sender no details', async () => {
    const problem = await expectProblem(post(), 500, 'internal_error');
    expect(JSON.stringify(problem)).not.toMatch(/slice|relation/);
    await waitFor('the line in the log', async () => service.output().includes('relation \\"slice\\"'));
    expect(service.output()).toContain(problem.trace_id);

    await look.query('ALTER TABLE slice_hidden RENAME TO slice');
    await expectNothingStored(look, directory);
    expect((await opened()).filter(isUpload)).toEqual([]);
    const accepted = await post();
    expect(accepted.status).toBe(202);
    expect(await accepted.json()).toMatchObject({ image_count: 3 });
  });
});
