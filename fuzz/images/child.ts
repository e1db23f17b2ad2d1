import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Answer, Task } from './decoder.js';

/** The service's own limit is 20 s; whoever needs longer than this hangs. */
const PATIENCE = 60_000;

/** A process that decodes, one image at a time; after a crash the next image gets a new one. */
export class Child {
  private running: ChildProcess | undefined;
  /** Processes that ended before they were told to. */
  ended = 0;

  /** What became of the image. A crash and a hang are answers too. */
  async attempt(task: Task): Promise<{ outcome: string; wrong?: string }> {
    return (await this.ask(task)) as { outcome: string; wrong?: string };
  }

  /** Bytes that the process holds, garbage collected. Throws when it ends instead of telling. */
  async memory(): Promise<number> {
    const answer = await this.ask('memory');
    if ('memory' in answer) return answer.memory;
    throw new Error(`asked for its memory: ${answer.wrong}`);
  }

  stop(): void {
    this.running?.removeAllListeners();
    this.running?.kill('SIGKILL');
    this.running = undefined;
  }

  private ask(question: Task | 'memory'): Promise<Answer> {
    const child = (this.running ??= fork(join(import.meta.dirname, 'decoder.js'), {
      serialization: 'advanced',
      execArgv: ['--expose-gc'],
      // As the container image sets it: with an arena a thread, glibc keeps what libvips gave back.
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    }));
    return new Promise((resolve) => {
      const end = (answer: Answer): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      const timer = setTimeout(() => {
        this.stop();
        this.ended += 1;
        end({ outcome: 'hang', wrong: `no answer within ${PATIENCE / 1000} s` });
      }, PATIENCE);
      child.once('message', (answer: Answer) => end(answer));
      child.once('exit', (code, signal) => {
        this.running = undefined;
        this.ended += 1;
        end({ outcome: 'crash', wrong: `the process ended with ${signal ?? code}` });
      });
      child.send(question);
    });
  }
}
