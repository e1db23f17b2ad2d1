import { Readable } from 'node:stream';
import type { ProgressSnapshot } from './progress-snapshot.js';

/** For the client: after a broken connection it waits so long (ms) before it comes back. */
const RETRY = 'retry: 3000\n';
/** A comment, by which proxies, clients and our own time limit of silent connections know that it is alive. */
const HEARTBEAT = ':\n\n';
const HEARTBEAT_MS = 15_000;
/** Ten minutes. Then the client comes back and is asked for its key again, which may be revoked by then. */
const MAX_BEATS = 40;

/**
 * What one listener reads. It holds back one text at most: whoever reads more slowly than snapshots come gets the
 * latest, and misses those before it. It ends after a terminal snapshot, or by `finish`.
 */
export class EventStream extends Readable {
  /** Whether the reader has taken all there was. */
  private wanted = false;
  private waiting = '';
  private begun = false;
  private finished = false;
  private state = '';
  private stuck = false;
  private beats = 0;
  private readonly heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);

  constructor() {
    // Nothing is buffered ahead: what to send is decided when it is wanted.
    super({ highWaterMark: 0 });
  }

  /** Sends a snapshot that has something new to tell, as soon as the reader has taken what was before it. */
  show({ state, events, terminal }: ProgressSnapshot): void {
    if (this.finished || state === this.state) return;
    this.state = state;
    this.waiting = events;
    this.finished = terminal;
    this.flush();
  }

  /** Ends the stream after what waits. */
  finish(): void {
    this.finished = true;
    this.flush();
  }

  /** The same, but does not wait for a reader who has paused. */
  stop(): void {
    this.finish();
    if (this.readableFlowing === false) this.destroy();
  }

  override _read(): void {
    this.wanted = true;
    this.stuck = false;
    this.flush();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.heartbeat);
    callback(error);
  }

  private flush(): void {
    if (!this.wanted || this.destroyed) return;
    if (this.waiting !== '') {
      const text = this.begun ? this.waiting : RETRY + this.waiting;
      this.begun = true;
      this.waiting = '';
      this.wanted = false;
      this.push(text);
    } else if (this.finished) {
      this.push(null);
    }
  }

  /** A reader that takes nothing between two heartbeats although there is something has gone without a word. */
  private beat(): void {
    if (this.stuck) {
      this.destroy();
      return;
    }
    this.stuck = !this.wanted;
    this.beats += 1;
    if (this.beats === MAX_BEATS) this.finished = true;
    if (!this.finished) this.waiting ||= HEARTBEAT;
    this.flush();
  }
}
