import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/database/embedded-postgres.js';
import { findPostmaster } from '../../../src/database/postmaster-pid.js';

const COMPILED = pathToFileURL(join(process.cwd(), 'dist/src/database/embedded-postgres.js')).href;

jest.setTimeout(30_000);

/** The cluster of most tests: each finds it stopped or crashed. */
let commonDir: string;
let dataDir: string;
let log: string[];
let started: EmbeddedPostgres[];
let children: ChildProcess[];

beforeAll(async () => {
  commonDir = await newDirectory();
});
beforeEach(() => {
  dataDir = commonDir;
  [log, started, children] = [[], [], []];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  for (const postgres of started) await postgres.stop();
  const pid = await serverPid();
  if (pid) process.kill(pid, 'SIGKILL');
  if (dataDir !== commonDir) await remove(dataDir);
});
afterAll(() => remove(commonDir));

const newDirectory = () => mkdtemp(join(tmpdir(), 'halftone-embedded-'));
const remove = (directory: string) => rm(directory, { recursive: true, force: true, maxRetries: 5 });

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(dataDir, (line) => log.push(line));
  started.push(postgres);
  return postgres;
}

/** Another process that starts it and keeps it; `line` is the URL, or what the refusal says. */
async function startElsewhere(): Promise<{ child: ChildProcess; line: string }> {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(COMPILED)};
    const holder = setInterval(() => {}, 1000);
    const print = (line) => console.log(line.split('\\n')[0]);
    startEmbeddedPostgres(${JSON.stringify(dataDir)}, () => {}).then(({ url }) => print(url), ({ message }) => {
      print(message);
      clearInterval(holder);
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, line };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function serverPid(): Promise<number | undefined> {
  return (await findPostmaster(join(dataDir, 'postgres/data'))).running?.pid;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function findNothing(name: string): never {
  throw new Error(`Cannot find package ${name}`);
}

async function remember(url: string): Promise<{ answer: number }[]> {
  const answer = randomInt(1_000_000);
  await query(url, `DROP TABLE IF EXISTS memory; CREATE TABLE memory AS SELECT ${answer} AS answer`);
  return [{ answer }];
}

const recall = (url: string) => query(url, 'SELECT answer FROM memory');

/** The server's process ids of the sessions that hold an advisory lock. */
async function lockHolders(url: string): Promise<number[]> {
  const rows = await query(url, `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted`);
  return (rows as { pid: number }[]).map(({ pid }) => pid);
}

/** The first holder that is not `before`; undefined when there is none for 20 s. */
async function nextLockHolder(url: string, before: number | undefined): Promise<number | undefined> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
    const [holder] = await lockHolders(url).catch(() => []);
    if (holder !== undefined && holder !== before) return holder;
  }
  return undefined;
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data from one start to the next, and runs only in between', async () => {
    const first = await start();
    const memory = await remember(first.url);
    await first.stop();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    expect(await serverPid()).toBeUndefined();

    const second = await start();
    expect(await recall(second.url)).toEqual(memory);
  });

  it('listens on loopback only, is durable, and lets nobody in without the password', async () => {
    const { url } = await start();
    const settings = await query(
      url,
      `SELECT string_agg(setting, ',' ORDER BY name) AS values FROM pg_settings
        WHERE name IN ('fsync', 'listen_addresses', 'max_connections', 'unix_socket_directories')`,
    );
    expect(settings).toEqual([{ values: 'on,127.0.0.1,100,' }]);
    const guess = new URL(url);
    guess.password = 'postgres';
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    const { mode } = await stat(join(dataDir, 'postgres/password'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('refuses a second live process, and tells it what to do', async () => {
    const { url } = await start();
    const { line } = await startElsewhere();
    expect(line).toContain(`Another Halftone is running on the PostgreSQL in ${dataDir}/postgres`);
    expect(line).toContain(`process ${process.pid}`);
    expect(line).toContain('DATA_DIR of its own');
    expect(line).toContain('DATABASE_URL');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('has one owner when several processes start at the same moment', async () => {
    dataDir = await newDirectory();
    const lines = (await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()])).map(
      ({ line }) => line,
    );
    expect(lines.filter((line) => line.startsWith('postgres://'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('Another Halftone is running'))).toHaveLength(2);
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('is taken over from a process that was killed, with its data, and stopped in the end', async () => {
    const { child, line: url } = await startElsewhere();
    const memory = await remember(url);
    const pid = await serverPid();
    await kill(child);
    expect(await serverPid()).toBe(pid);

    const heir = await start();
    expect(heir.url).toBe(url);
    expect(log.join()).toContain('is taken over');
    expect(await recall(heir.url)).toEqual(memory);
    await heir.stop();
    expect(await serverPid()).toBeUndefined();
  });

  it('recovers when the server itself was killed, and says that it is gone', async () => {
    const { url } = await start();
    const memory = await remember(url);
    process.kill((await serverPid())!, 'SIGKILL');
    const next = await start();
    expect(await recall(next.url)).toEqual(memory);
    expect(log.filter((line) => line.includes('has ended unexpectedly'))).toHaveLength(1);
  });

  it('stays the owner when the server restarts after the crash of one of its processes', async () => {
    const { url } = await start();
    const [before] = await lockHolders(url);
    const victim = new Client({ connectionString: url });
    victim.on('error', () => undefined);
    await victim.connect();
    const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0]!.pid, 'SIGKILL');
    await expect(nextLockHolder(url, before)).resolves.toBeDefined();

    const { line } = await startElsewhere();
    expect(line).toContain('Another Halftone is running');
  });

  it('leaves a program alone that was given the process id of a dead server', async () => {
    const memory = await remember((await start()).url);
    const bystander = spawn('sleep', ['600'], { uid: (await stat(join(dataDir, 'postgres/data'))).uid });
    children.push(bystander);
    const pid = (await serverPid())!;
    const pidFile = join(dataDir, 'postgres/data/postmaster.pid');
    const text = await readFile(pidFile, 'utf8');
    process.kill(pid, 'SIGKILL');
    await writeFile(pidFile, text.replace(String(pid), String(bystander.pid)));

    const next = await start();
    expect(await recall(next.url)).toEqual(memory);
    await next.stop();
    expect(bystander.signalCode).toBeNull();
  });

  it('removes what a process left that was killed while it created the cluster', async () => {
    dataDir = await newDirectory();
    await mkdir(join(dataDir, 'postgres.initdb-a1B2c3', 'data'), { recursive: true });
    await start();
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('says what to do when the package is not installed', async () => {
    const attempt = startEmbeddedPostgres(dataDir, () => undefined, { resolvePackage: findNothing });
    await expect(attempt).rejects.toThrow(/Set DATABASE_URL .* or install with the development dependencies/);
  });

  it('passes on what PostgreSQL says when it does not start', async () => {
    await (await start()).stop();
    const attempt = startEmbeddedPostgres(dataDir, () => undefined, { settings: { shared_buffers: 'many' } });
    await expect(attempt).rejects.toThrow('invalid value for parameter "shared_buffers": "many"');
  });
});
