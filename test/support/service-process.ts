import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../src/net/free-port.js';
import { testSettings } from './service.js';
import { waitFor } from './wait-for.js';

const START = join(__dirname, '../../dist/src/start.cjs');

/** The built service as a process of its own, as operators run it. */
export interface ServiceProcess {
  url: string;
  child: ChildProcess;
  /** Everything it has printed. */
  output: () => string;
  /** Sends the signal (an ended process ignores it) and waits for the end; gives the exit status, or the signal that ended it. */
  end: (signal: NodeJS.Signals) => Promise<number | string>;
}

/** Starts it with just these settings beside those of all tests, and waits until it is ready. */
export async function startProcess(settings: Record<string, string>): Promise<ServiceProcess> {
  const port = settings.PORT ?? String(await freePort());
  const env = {
    PATH: process.env.PATH!,
    HOME: process.env.HOME!,
    ...testSettings({ PORT: port, ...settings }),
  };
  const child = spawn(process.execPath, [START], {
    env,
    cwd: settings.DATA_DIR ?? '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const started: ServiceProcess = {
    url: `http://127.0.0.1:${port}`,
    child,
    output: () => printed.join(''),
    end: async (signal) => {
      child.kill(signal);
      const [code, by] = await exited;
      return code ?? by!;
    },
  };
  await waitFor('the process to be ready', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${started.output()}`);
    const response = await fetch(`${started.url}/health/ready`).catch(() => undefined);
    return response?.ok;
  });
  return started;
}
