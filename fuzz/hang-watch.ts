import { Worker } from 'node:worker_threads';

/** In a thread of its own: what hangs in a loop hangs every timer of its own thread. */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const beats = new Int32Array(workerData.beats);
let seen = -1;
setInterval(() => {
  if (beats[0] === seen) {
    writeSync(2, 'input ' + seen + ' of ' + workerData.name + ' hangs\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  seen = beats[0];
}, workerData.limitMs);
`;

/** Ends the process, with the number of the input, when no new one has begun for so long: a hang cannot be caught otherwise. */
export class HangWatch {
  private readonly beats = new SharedArrayBuffer(4);
  private readonly worker: Worker;

  constructor(name: string, limitMs: number) {
    this.worker = new Worker(WATCH, { eval: true, workerData: { name, limitMs, beats: this.beats } });
    this.worker.unref();
  }

  /** Input `number` begins. */
  begin(number: number): void {
    Atomics.store(new Int32Array(this.beats), 0, number);
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
