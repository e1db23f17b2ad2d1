import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { MALLOC } from '../malloc.js';
import { onExit } from '../on-exit.js';
import { cpuSeconds } from '../process-usage.js';
import type { LoopAnswer, LoopJob } from './loop-job.js';

const PROGRAM = join(import.meta.dirname, 'loop-process.js');

/** What a side of a comparison took. */
export interface Took {
  seconds: number;
  cpuSeconds: number;
}

/** A process that runs one of the loops, again and again. */
export class Loop {
  private constructor(
    private readonly child: ChildProcess,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(encoders: number): Promise<Loop> {
    // As the service is started: threads for files beside those for pictures.
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(encoders + 4), ...MALLOC };
    const child = fork(PROGRAM, [], { env, execArgv: [] });
    const stop = onExit.add(async () => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    });
    await once(child, 'message');
    return new Loop(child, stop);
  }

  async run(job: LoopJob): Promise<Took> {
    const before = await cpuSeconds(this.child.pid!);
    this.child.send(job);
    const [{ seconds, error }] = (await once(this.child, 'message')) as [LoopAnswer];
    if (error !== undefined) throw new Error(`the loop "${job.kind}": ${error}`);
    return { seconds, cpuSeconds: (await cpuSeconds(this.child.pid!)) - before };
  }
}
