import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from '../../src/config/env.js';
import { parseDuration } from '../../src/config/units.js';
import { FORMATS, type SourceFormat } from '../../src/processing/image-format.js';
import { estimateMemory } from '../../src/processing/memory-estimate.js';
import { planOutput } from '../../src/processing/output-plan.js';
import { EFFORTS, OUTPUT_FORMATS } from '../../src/requests/request-options.js';

const ROOT = join(__dirname, '../..');
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const dockerfile = textOf('Dockerfile');
/** What the image is; the stages before it only build. */
const image = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
const compose = textOf('docker-compose.yml');

/** Read by Node, glibc and the image of PostgreSQL. */
const READ_BY_OTHERS = [
  'NODE_ENV',
  'MALLOC_ARENA_MAX',
  'MALLOC_MMAP_THRESHOLD_',
  'MALLOC_TRIM_THRESHOLD_',
  'POSTGRES_USER',
  'POSTGRES_PASSWORD',
];

/** The first groups of all matches. */
function findAll(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found!);
}

type Block = string;

/** What `pattern` names in the compose file, and the lines below each, without their indentation. */
function blocks(text: string, pattern: RegExp, indentation: string): Map<string, Block> {
  return new Map(
    [...text.matchAll(pattern)].map(([, name, lines]) => [
      name!,
      lines!.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
    ]),
  );
}

const anchors = blocks(compose, /^x-[\w-]+: &(\w+)\n((?: {2}.*\n)+)/gm, '  ');
const [servicesSection] = findAll(compose, /^services:\n((?: {2}.*\n|\n)+)/gm);
const services = blocks(servicesSection!, /^ {2}(\w+):\n((?: {4}.*\n|\n)+)/gm, '    ');
const serviceNames = [...services.keys()];

/** What a service says of `key` itself, or through what it merges. */
function setting(service: Block, key: string): string | undefined {
  const [own] = findAll(service, new RegExp(`^${key}: (.*)$`, 'gm'));
  const [merged] = findAll(service, /^<<: \*(\w+)$/gm);
  return own ?? (merged && setting(anchors.get(merged)!, key));
}

/** Bytes of `512m` or `4g`, as Docker counts them. */
function dockerSize(text: string): number {
  const [, number, unit] = /^(\d+)([mg])$/.exec(text)!;
  return Number(number) * 1024 ** (unit === 'm' ? 2 : 3);
}

/** What the picture that takes the most memory takes (bytes), of all formats, options and shapes. */
function largestPicture(pixels: number): number {
  const shape = {
    width: 10_000,
    height: pixels / 10_000,
    pixels,
    deepWithProfile: false,
    interlaced: true,
    fullChroma: true,
  };
  const estimates = Object.keys(FORMATS).flatMap((format) =>
    OUTPUT_FORMATS.flatMap((wanted) =>
      EFFORTS.flatMap((effort) =>
        [50, 90, 100].flatMap((quality) =>
          [1, 2].map((pages) => {
            const source = {
              ...shape,
              bytes: Buffer.alloc(0),
              format: format as SourceFormat,
              pages,
              height: shape.height / pages,
              orientation: pages === 1 ? 6 : 1,
              hasAlpha: true,
            };
            const options = { quality, effort, format: wanted, maxWidth: null, maxHeight: null };
            return estimateMemory(source, planOutput(source, options));
          }),
        ),
      ),
    ),
  );
  return Math.max(...estimates);
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

  it('has no installer', () => {
    expect(image).toMatch(
      / rm -rf .*\/usr\/local\/lib\/node_modules \/usr\/local\/bin\/npm \/usr\/local\/bin\/npx /,
    );
  });

  it('installs what the lock file pins, and runs no script of it', () => {
    const installs = findAll(dockerfile, /\bnpm ci (--\S+(?: --\S+)*)/g);
    expect(installs).toEqual(['--ignore-scripts', '--omit=dev --ignore-scripts']);
  });

  // Else libvips decodes large pictures into files of /tmp, which is smaller.
  it('decodes the largest picture in memory', () => {
    const [threshold] = findAll(textOf('src/start.cts'), /VIPS_DISC_THRESHOLD \?\?= '(\S+)'/g);
    const bytesOfPixel = 8;
    expect(dockerSize(threshold!)).toBeGreaterThan(bytesOfPixel * parseEnv({}).maxImagePixels);
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

  it('runs commands that exist', () => {
    const commands = findAll(compose, /^ +(?:command|entrypoint): \[.*\bnode, dist\/(\S+)\.js\]$/gm);
    expect(commands).toEqual(['src/commands/migrate', 'src/commands/keys']);
    expect(commands.filter((command) => !existsSync(join(ROOT, `${command}.ts`)))).toEqual([]);
  });

  it('does not start the commands that people call', () => {
    expect(serviceNames.filter((name) => setting(services.get(name)!, 'profiles'))).toEqual(['keys']);
  });

  it('publishes the API for this machine only, and nothing else', () => {
    expect(findAll(compose, /^ +ports: (.*)/gm)).toEqual([`['127.0.0.1:3000:3000']`]);
  });

  it('shows the keys of callers to the API alone', () => {
    expect(anchors.get('environment')).toMatch(/^API_KEYS: ''$/m);
    expect(serviceNames.filter((name) => services.get(name)!.includes('API_KEYS'))).toEqual(['api']);
  });

  it('has services to look at', () => {
    expect(serviceNames).toEqual(['api', 'worker', 'migrate', 'keys', 'postgres', 'redis']);
  });

  describe.each(serviceNames)('confines %s:', (name) => {
    const service = services.get(name)!;

    it('no capabilities, none to be had', () => {
      expect(setting(service, 'cap_drop')).toBe('[ALL]');
      expect(setting(service, 'security_opt')).toBe("['no-new-privileges:true']");
      expect(service).not.toMatch(/cap_add|privileged|devices|docker\.sock/);
    });

    it('not root', () => {
      // Without a user of its own it is that of our image, or of another image root.
      expect(setting(service, 'user') ?? setting(service, 'build')).toMatch(/^(\.|postgres|redis)$/);
    });

    it('nothing to write but volumes and small file systems in memory', () => {
      expect(setting(service, 'read_only')).toBe('true');
      const mounts = findAll(setting(service, 'tmpfs')!, /'([^']+)'/g);
      expect(mounts[0]).toBe('/tmp:size=64m');
      expect(mounts.filter((mount) => !/:size=\d+m$/.test(mount))).toEqual([]);
    });

    it('limits of memory and processes', () => {
      expect(setting(service, 'mem_limit')).toMatch(/^\d+[mg]$/);
      expect(Number(setting(service, 'pids_limit'))).toBeGreaterThan(0);
    });
  });

  it('lets only what must reach others reach them', () => {
    expect(compose).toMatch(/^ {2}inside: \{ internal: true \}$/m);
    const networks = Object.fromEntries(
      serviceNames.map((name) => [name, setting(services.get(name)!, 'networks')]),
    );
    expect(networks).toEqual({
      api: '[inside, outside]',
      worker: '[inside, outside]',
      migrate: '[inside]',
      keys: '[inside]',
      postgres: '[inside]',
      redis: '[inside]',
    });
  });

  it('gives a worker room for the largest picture that it takes', () => {
    const { maxImagePixels, maxImageBytes } = parseEnv({});
    const processItself = 256 * 1024 ** 2;
    const needed = largestPicture(maxImagePixels) + 8 * maxImageBytes + processItself;
    expect(dockerSize(setting(services.get('worker')!, 'mem_limit')!)).toBeGreaterThan(needed);
  });

  it('gives a process room for the threads of 64 cores', () => {
    expect(Number(setting(services.get('worker')!, 'pids_limit'))).toBeGreaterThan(3 * 64 + 4 + 64);
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
