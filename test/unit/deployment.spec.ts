import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from '../../src/config/env.js';
import { parseDuration } from '../../src/config/units.js';

const ROOT = join(__dirname, '../..');
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const dockerfile = textOf('Dockerfile');
/** What the image is; the stages before it only build. */
const image = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
const compose = textOf('docker-compose.yml');

/** Read by Node, glibc and the image of PostgreSQL. */
const READ_BY_OTHERS = ['NODE_ENV', 'MALLOC_ARENA_MAX', 'POSTGRES_USER', 'POSTGRES_PASSWORD'];

/** The first groups of all matches. */
function findAll(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found!);
}

/** Those of the names that nobody reads. */
function unread(names: string[]): string[] {
  const read = new Set(READ_BY_OTHERS);
  parseEnv(new Proxy({}, { get: (_, name) => void read.add(String(name)) }));
  return names.filter((name) => !read.has(name));
}

describe('the image', () => {
  it('sets what the service reads', () => {
    const [assignments] = findAll(image, /^ENV ((?:.*\\\n)*.*)/gm);
    const names = findAll(assignments!, /(\w+)=/g);
    expect(names).toEqual(expect.arrayContaining(['HOST', 'PORT', 'DATA_DIR', 'MALLOC_ARENA_MAX']));
    expect(unread(names)).toEqual([]);
  });

  it('does not run as root', () => {
    expect(findAll(image, /^USER (\S+)/gm)).toEqual(['node']);
  });

  it('lets signals reach node, under an init process', () => {
    expect(image).toMatch(/^ENTRYPOINT \["tini", "--"\]$/m);
    expect(image).toMatch(/^CMD \["node", "dist\/src\/start\.cjs"\]$/m);
    expect(existsSync(join(ROOT, 'src/start.cts'))).toBe(true);
  });
});

describe('docker-compose.yml', () => {
  it('sets what the service reads', () => {
    const names = findAll(compose, /(?:^ +|[{,] )([A-Z][A-Z_]+): /gm);
    expect(names).toEqual(expect.arrayContaining(['APP_MODE', 'DATABASE_URL', 'REDIS_URL', 'STORAGE_URL']));
    expect(unread(names)).toEqual([]);
  });

  it('lets Redis lose no job', () => {
    expect(compose).toMatch(/^ +command: redis-server .*--maxmemory-policy noeviction\b/m);
    expect(compose).toMatch(/^ +command: redis-server .*--appendonly yes\b/m);
  });

  it('migrates with a command that exists', () => {
    expect(compose).toContain('command: [node, dist/src/commands/migrate.js]');
    expect(existsSync(join(ROOT, 'src/commands/migrate.ts'))).toBe(true);
  });

  it('publishes the API for this machine only, and nothing else', () => {
    expect(findAll(compose, /^ +ports: (.*)/gm)).toEqual([`['127.0.0.1:3000:3000']`]);
  });

  it('lets services be scaled', () => {
    expect(compose).not.toContain('container_name');
  });

  it('gives a stopping process the time it takes', () => {
    const [gracePeriod] = findAll(compose, /^ +stop_grace_period: (\S+)/gm);
    const closingTime = Number(findAll(textOf('src/main.ts'), /CLOSING_TIME = (\d+)/g)[0]);
    expect(parseDuration(gracePeriod!)).toBeGreaterThan(parseEnv({}).shutdownTimeoutMs + closingTime);
  });
});

describe('.env.example', () => {
  const settings = findAll(textOf('.env.example'), /^#([A-Z_]+=.*)$/gm).map((line) => line.split(/=(.*)/, 2));

  it('shows the defaults', () => {
    expect(settings.length).toBeGreaterThan(25);
    expect(parseEnv(Object.fromEntries(settings) as Record<string, string>)).toEqual(parseEnv({}));
  });

  it('names no setting that is not read', () => {
    expect(unread(settings.map(([name]) => name!))).toEqual([]);
  });
});
