import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const SRC = join(__dirname, '../../src');
/** Modules stand on one line, and imports point only to the right. */
const LINE = ['upload', 'processing', 'webhooks', 'requests', 'storage'];
/** Whatever stands on the line may use the ground floor, whose parts import only those further down in this list. */
const GROUND_FLOOR = ['queue', 'database', 'net', 'errors', 'access', 'config'];
/** Above the line: they may import everything, and nobody imports them. */
const ABOVE = ['', 'auth', 'commands', 'health', 'http'];

interface Import {
  from: string;
  to: string;
  file: string;
}

const imports = sourceFiles().flatMap(importsOf);

describe('the direction of imports', () => {
  it('finds the imports', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it('knows every folder', () => {
    const folders = new Set(sourceFiles().map(folderOf));
    expect([...folders].filter((folder) => ![...LINE, ...GROUND_FLOOR, ...ABOVE].includes(folder))).toEqual(
      [],
    );
  });

  it('points to the right or down', () => {
    const wrong = imports.filter(({ from, to }) => !isAllowed(from, to));
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it('refuses what points back, up or sideways', () => {
    expect(isAllowed('requests', 'processing')).toBe(false);
    expect(isAllowed('net', 'storage')).toBe(false);
    expect(isAllowed('config', 'net')).toBe(false);
    expect(isAllowed('upload', '')).toBe(false);
    expect(isAllowed('storage', 'health')).toBe(false);
    expect(isAllowed('upload', 'requests')).toBe(true);
    expect(isAllowed('webhooks', 'queue')).toBe(true);
  });

  it('keeps sharp in one file', () => {
    const users = sourceFiles().filter((file) => /from 'sharp'/.test(readFileSync(file, 'utf8')));
    expect(users.map((file) => relative(SRC, file))).toEqual(['processing/image-compressor.ts']);
  });

  it('keeps every file below 200 lines', () => {
    const long = sourceFiles().filter((file) => readFileSync(file, 'utf8').split('\n').length > 201);
    expect(long.map((file) => relative(SRC, file))).toEqual([]);
  });
});

function isAllowed(from: string, to: string): boolean {
  if (from === to || ABOVE.includes(from)) return true;
  if (ABOVE.includes(to)) return false;
  const [onLine, onFloor] = [LINE.indexOf(from), GROUND_FLOOR.indexOf(from)];
  if (onLine >= 0) return GROUND_FLOOR.includes(to) || LINE.indexOf(to) > onLine;
  return GROUND_FLOOR.indexOf(to) > onFloor;
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.c?ts$/.test(path))
    .map((path) => join(SRC, path));
}

function importsOf(file: string): Import[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g);
  return [...specifiers]
    .map(([, specifier]) => join(dirname(file), specifier!))
    .filter((target) => target.startsWith(SRC))
    .map((target) => ({ from: folderOf(file), to: folderOf(target), file: relative(SRC, file) }));
}

function folderOf(file: string): string {
  const folder = dirname(relative(SRC, file));
  return folder === '.' ? '' : folder.split('/')[0]!;
}
