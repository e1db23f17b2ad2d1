import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START = join(import.meta.dirname, '../src/start.cjs');
/** Between the end of a process and the start of the next one, as supervisors do. */
const RESTART_MS = 300;

/** How a process ended. */
export interface Exit {
  /** The code, or the signal that ended it. */
  status: number | string;
  /** By us; what ends unasked has found its own reason. */
  asked: boolean;
}

/** What a process holds of the machine. */
export interface Holdings {
  rssMb: number;
  descriptors: number;
}

/** One process of the service, under a supervisor that starts it again whenever it ends. */
export class Service {
  readonly exits: Exit[] = [];
  /** Every line it has printed, in JSON as a rule. */
  readonly log: string[] = [];
  private child: ChildProcess | undefined;
  private supervised = false;
  private asked = false;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    readonly name: string,
    private readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  start(): void {
    this.supervised = true;
    this.spawn();
  }

  /** Sends a signal; does nothing when the process is just between its end and its start. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.asked = true;
    this.child?.kill(signal);
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2000) });
    return answer.ok;
  }

  /** Read from /proc, so on Linux only; undefined while there is no process. */
  async holdings(): Promise<Holdings | undefined> {
    const of = `/proc/${this.child?.pid}`;
    const [status, descriptors] = await Promise.all([
      readFile(`${of}/status`, 'utf8').catch(() => ''),
      readdir(`${of}/fd`).catch(() => []),
    ]);
    const [, rssKb] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
    return rssKb ? { rssMb: Number(rssKb) / 1024, descriptors: descriptors.length } : undefined;
  }

  /** Its last warnings and errors, or its last words when it gave none. */
  lastWords(count: number): string[] {
    const grave = this.log.filter((line) => !/"level":"(trace|debug|info)"/.test(line));
    return (grave.length > 0 ? grave : this.log).slice(-count);
  }

  /** For good, whatever state it is in. */
  async end(): Promise<void> {
    this.supervised = false;
    clearTimeout(this.restart);
    if (!this.child) return;
    const exited = once(this.child, 'exit');
    this.signal('SIGKILL');
    await exited;
  }

  private spawn(): void {
    const child = spawn(process.execPath, [START], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(this.port), ...this.settings },
      cwd: this.settings.DATA_DIR,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C in a terminal must reach only us
    });
    this.child = child;
    this.asked = false;
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => this.log.push(line));
    child.once('exit', (code, signal) => {
      this.exits.push({ status: code ?? signal!, asked: this.asked });
      this.child = undefined;
      if (this.supervised) this.restart = setTimeout(() => this.spawn(), RESTART_MS);
    });
  }
}
