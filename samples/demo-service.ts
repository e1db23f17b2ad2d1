import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { DemoSettings } from './demo-settings.js';

/** The first start creates a database cluster; 1 s is usual, a busy laptop needs more. */
const START_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 200;
const READY_CALL_TIMEOUT_MS = 5000;
/** Beyond the service's own time limit, before it is killed. */
const STOP_GRACE_MS = 10_000;
const LOG_END_TIMEOUT_MS = 1000;
const LOG_TAIL_LINES = 30;
const LOG_KEPT = 64 * 1024;

/** The service in a process of its own, as `npm start` runs it. */
export class ServiceProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private readonly logEnded: Promise<unknown>;
  private log = '';

  constructor(private readonly settings: DemoSettings) {
    this.child = spawn(process.execPath, ['dist/src/start.cjs'], {
      env: settings.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C reaches only the demo, which then stops the service in order and once.
      detached: process.platform !== 'win32',
    });
    this.exited = once(this.child, 'exit');
    this.logEnded = once(this.child, 'close');
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log = (this.log + text).slice(-LOG_KEPT);
      });
    }
    // Whatever ends the demo, the service does not outlive it.
    process.once('exit', () => this.child.kill());
  }

  /** Resolves when the service takes requests. */
  async ready(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.answersReady(signal))) {
      if (this.hasExited) throw new Error('The service did not start.');
      if (Date.now() > deadline)
        throw new Error(`The service was not ready after ${START_TIMEOUT_MS / 1000} s.`);
      await delay(READY_POLL_MS, undefined, { signal });
    }
  }

  /** The last lines of what the service wrote, without colours; complete after `stop`. */
  get logTail(): string {
    return stripVTControlCharacters(this.log).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const kill = setTimeout(
      () => this.child.kill('SIGKILL'),
      this.settings.shutdownTimeoutMs + STOP_GRACE_MS,
    );
    await this.exited;
    clearTimeout(kill);
    // What it wrote last is still in the pipe; a process it left behind may hold that open for ever.
    await Promise.race([this.logEnded, delay(LOG_END_TIMEOUT_MS, undefined, { ref: false })]);
  }

  private async answersReady(signal: AbortSignal): Promise<boolean> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_CALL_TIMEOUT_MS)]);
      return (await fetch(`${this.settings.url}/health/ready`, { signal: limit })).ok;
    } catch {
      return false;
    }
  }
}
