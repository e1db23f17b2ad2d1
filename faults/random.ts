import { setTimeout as delay } from 'node:timers/promises';

/** Chance that can be repeated: the same seed and name give the same numbers (mulberry32, seeded by FNV-1a). */
export class Random {
  private state = 0x811c9dc5;

  constructor(seed: number, name: string) {
    for (const byte of Buffer.from(`${seed} ${name}`)) this.state = Math.imul(this.state ^ byte, 0x01000193);
  }

  /** A whole number, both ends included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** Waits for some time between the two, in ms. */
  async pause(fromMs: number, toMs: number): Promise<void> {
    await delay(this.integer(fromMs, toMs));
  }

  /** From 0 to below 1. */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
