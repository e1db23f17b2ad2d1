import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitFor } from '../faults/wait-for.js';
import { freePort } from '../src/net/free-port.js';
import { MALLOC } from './malloc.js';
import { cpuSeconds, forgetPeak, memory, type Memory } from './process-usage.js';

const START = join(import.meta.dirname, '../src/start.cjs');
const START_LIMIT_MS = 30_000;

/** One process of the service, as operators run it. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Resolves when it is ready. */
  static async start(settings: Record<string, string>): Promise<ServiceProcess> {
    const port = String(await freePort());
    const child = spawn(process.execPath, [START], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...MALLOC, PORT: port, ...settings },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true, // Ctrl-C in a terminal must reach only us, who stop it
    });
    const service = new ServiceProcess(child, `http://127.0.0.1:${port}`);
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
      return (await fetch(`${service.url}/health/ready`)).ok;
    };
    await waitFor('a process of the service to be ready', isReady, START_LIMIT_MS);
    return service;
  }

  get pid(): number {
    return this.child.pid!;
  }

  cpuSeconds(): Promise<number> {
    return cpuSeconds(this.pid);
  }

  memory(): Promise<Memory> {
    return memory(this.pid);
  }

  forgetPeak(): Promise<void> {
    return forgetPeak(this.pid);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
