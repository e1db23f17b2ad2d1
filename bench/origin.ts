import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onExit } from './on-exit.js';

const PROGRAM = join(import.meta.dirname, 'origin-process.js');

/** How long a host takes to answer, in ms; `never`: it does not. */
export type Answer = number | 'never';

/** Numbers of a folder and of a host, from 0. */
export interface Where {
  folder?: number;
  host?: number;
  answer?: Answer;
}

/** Image hosts in a process of their own, so that what they cost is not counted: each port is one host. */
export class Origin {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ports: number[],
    private readonly stopping: () => Promise<void>,
  ) {}

  /** `folders`: of pictures, which are kept in memory. */
  static async start(folders: string[], hosts = 1): Promise<Origin> {
    const child = fork(PROGRAM, [String(hosts), ...folders], { execArgv: [] });
    const stop = onExit.add(async () => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    });
    const [ports] = (await once(child, 'message')) as [number[]];
    return new Origin(child, ports, stop);
  }

  /** Of the `number`-th image of the `folder`-th set, and the same again when there are fewer pictures. */
  url(number: number, { folder = 0, host = 0, answer = 0 }: Where = {}): string {
    return `http://127.0.0.1:${this.ports[host]}/${answer}/${folder}/${number}.jpg`;
  }

  /** All `count` of them. */
  urls(count: number, where: Where = {}): string[] {
    return Array.from({ length: count }, (_, number) => this.url(number, where));
  }

  get pid(): number {
    return this.child.pid!;
  }

  stop(): Promise<void> {
    return this.stopping();
  }
}
