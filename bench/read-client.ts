import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onExit } from './on-exit.js';

const PROGRAM = join(import.meta.dirname, 'read-client-process.js');

/** What a client does for some seconds, over so many connections. */
export interface ReadJob {
  url: string;
  connections: number;
  seconds: number;
  /** Calls a second, on a timetable that no late answer changes; 0: each connection calls again as soon as it has its answer. */
  rate: number;
  /** An answer counts when its first byte is there; the rest is not read, and the connection ends. */
  firstByte: boolean;
}

/** Milliseconds of each call; at a fixed rate from when it was due, so that a late answer makes the next ones late too. */
export interface ReadTimes {
  calls: number[];
  seconds: number;
}

/** An HTTP client in a process of its own: what it costs does not delay what it measures. */
export class ReadClient {
  private constructor(
    private readonly child: ChildProcess,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(): Promise<ReadClient> {
    const child = fork(PROGRAM, [], { execArgv: [] });
    const stop = onExit.add(async () => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    });
    await once(child, 'message');
    return new ReadClient(child, stop);
  }

  /** Throws when a call was not answered with 200. */
  async run(job: ReadJob): Promise<ReadTimes> {
    this.child.send(job);
    const [answer] = (await once(this.child, 'message')) as [ReadTimes | { error: string }];
    if ('error' in answer) throw new Error(`${job.url}: ${answer.error}`);
    return answer;
  }
}
