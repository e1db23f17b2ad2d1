import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runKeys } from '../support/keys-command.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const A_KEY = /^halftone_[0-9A-Za-z]{36}\n$/;

let database: TestDatabase;
let directory: string;
let settings: Record<string, string>;
const running: ServiceProcess[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  settings = { DATABASE_URL: database.url, DATA_DIR: directory };
});
afterEach(async () => {
  for (const service of running.splice(0)) await service.end('SIGTERM');
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function start(own: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await startProcess({ APP_MODE: 'api', ...settings, ...own });
  running.push(service);
  return service;
}
const ask = async ({ url }: ServiceProcess, key?: string): Promise<number> =>
  (await fetch(`${url}/api/requests`, { headers: key ? { 'x-api-key': key.trim() } : {} })).status;

it('the first key closes a running service, each is good from the moment that it is made, and none that is revoked', async () => {
  const service = await start();
  expect(await ask(service)).toBe(200);

  const shop = await runKeys('create shop --expires 30d', settings);
  // The key alone, for a pipe; what there is to say beside it.
  expect(shop).toEqual({
    status: 0,
    stdout: expect.stringMatching(A_KEY),
    stderr: expect.stringMatching(
      /\nkey_\w{16} of shop may do .* until 20\S+Z\. .* The key is shown only now:\n$/,
    ),
  });
  expect(await ask(service)).toBe(401);
  expect(await ask(service, shop.stdout)).toBe(200);

  const studio = await runKeys('create studio --scopes requests:read', settings);
  expect(await ask(service, studio.stdout)).toBe(200);
  expect(await runKeys('revoke shop', settings)).toEqual({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/\nkey_\w{16} of shop is revoked, from this moment\.\n$/),
  });
  expect(await ask(service, shop.stdout)).toBe(401);
  expect(await ask(service, studio.stdout)).toBe(200);

  const { status, stdout, stderr } = await runKeys('list', settings);
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'Keys in the database of DATABASE_URL:\n' });
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^ID +NAME +OWNER +SCOPES +CREATED +EXPIRES +LAST USED +STATE$/),
    expect.stringMatching(/^key_\w{16} +shop +shop +requests:write,.* revoked 20[\d-]+ [\d:]+$/),
    expect.stringMatching(
      /^key_\w{16} +studio +studio +requests:read +20[\d-]+ [\d:]+ +- +20[\d-]+ [\d:]+ +live$/,
    ),
    '',
  ]);
  for (const { stdout: key } of [shop, studio]) expect(stdout).not.toContain(key.slice(9, -8));
});

it('a service that others can reach refuses to start without a key, and starts with a generated one', async () => {
  const refused = start({ HOST: '0.0.0.0' });
  await expect(refused).rejects.toThrow(
    /it ended with 1: Halftone cannot start, 1 setting.*HOST: others can reach 0\.0\.0\.0, and there is no key yet/s,
  );
  await expect(refused).rejects.not.toThrow(/^ +at \S+ \(/m);

  // No setting is read for it, and nothing kept.
  const { status, stdout, stderr } = await runKeys('generate', { DATABASE_URL: 'mysql://nowhere' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expect.stringMatching(A_KEY), stderr: '' });
  const service = await start({ HOST: '0.0.0.0', API_KEYS: `shop:${stdout.trim()}` });
  expect(await ask(service)).toBe(401);
  expect(await ask(service, stdout)).toBe(200);
});

it('the PostgreSQL in DATA_DIR is started for it, and shared with the service that runs it', async () => {
  delete settings.DATABASE_URL;
  const before = await runKeys('create shop', settings);
  expect(before).toMatchObject({ status: 0, stdout: expect.stringMatching(A_KEY) });
  const service = await start();
  expect(await ask(service)).toBe(401);
  expect(await ask(service, before.stdout)).toBe(200);
  const meanwhile = await runKeys('create studio', settings);
  expect(meanwhile).toMatchObject({ status: 0 });
  expect(await ask(service, meanwhile.stdout)).toBe(200);
});

it('no database is made to list what is in it', async () => {
  const { status, stdout, stderr } = await runKeys('list', { DATA_DIR: settings.DATA_DIR! });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    `There is no database in ${join(settings.DATA_DIR!, 'postgres')}. Set DATA_DIR or DATABASE_URL as the service has it.\n`,
  );
  expect(await readdir(settings.DATA_DIR!)).toEqual([]);
});

it('what is wrong is said in a line, without a stack', async () => {
  const [wrong, unset] = await Promise.all([
    runKeys('create shop --scopes all', settings),
    runKeys('list', { DATABASE_URL: 'mysql://nowhere' }),
  ]);
  expect(wrong).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^There is no scope "all", only .*\n$/),
  });
  expect(unset).toMatchObject({ status: 1, stdout: '' });
  expect(unset.stderr).toContain('DATABASE_URL: expected a URL that begins with postgres://');
  expect(unset.stderr).not.toMatch(/^ +at \S+ \(/m);
});
