import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const KEYS = join(__dirname, '../../dist/src/commands/keys.js');

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** `npm run keys -- …`, as a process of its own with just these settings. */
export async function runKeys(line: string, settings: Record<string, string> = {}): Promise<Ran> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [KEYS, ...line.split(' ')], {
    env: { PATH, HOME, ...settings },
    cwd: settings.DATA_DIR ?? '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = (await once(child, 'exit')) as [number];
  const [stdout, stderr] = await printed;
  return { status, stdout, stderr };
}
