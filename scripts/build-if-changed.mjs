// Builds when a source is younger than the last build: the demo and `npm start` then begin at once.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'src',
  'migrations',
  'samples',
  'bench',
  'faults',
  'fuzz',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
];
/** Written by every build. */
const BUILT = 'dist/src/start.cjs';

const root = join(import.meta.dirname, '..');
const changedAt = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function youngest(path) {
  if (!statSync(join(root, path)).isDirectory()) return changedAt(path);
  return Math.max(...readdirSync(join(root, path)).map((name) => youngest(join(path, name))));
}

if (Math.max(...SOURCES.map(youngest)) > changedAt(BUILT)) {
  const { status } = spawnSync('npm run --silent build', { cwd: root, shell: true, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
