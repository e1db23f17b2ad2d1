import { FairSemaphore } from './fair-semaphore.js';

/** A host that has not answered within this time (ms) does not hold up the downloads from others. */
const PATIENCE = 1000;
/** Downloads that may wait for their host's answer without a slot: each costs a socket. */
const MOST_ASIDE = 512;

/** The right to download, taken again when the answer comes if it was given up before. */
export interface DownloadSlot {
  /** Call before the body is read. Rejects with the signal's reason when it aborts. */
  answered(signal: AbortSignal): Promise<void>;
  release(): void;
}

export interface DownloadEntry {
  /** Those who wait for a slot are grouped by it, and the groups are served in turn. */
  key: string;
  signal: AbortSignal;
  /** As it is known to be: the slot is given up at once. */
  isHostSlow: boolean;
  /** Told when the download goes on without a slot, and when its host has answered after all. */
  onAside: (aside: boolean) => void;
}

/** Limits how many downloads run at once in this process; requests share them in turn. */
export class DownloadSlots {
  private readonly slots: FairSemaphore;
  private aside = 0;

  constructor(concurrency: number) {
    this.slots = new FairSemaphore(concurrency);
  }

  async take({ key, signal, isHostSlow, onAside }: DownloadEntry): Promise<DownloadSlot> {
    let slot = await this.slots.acquire(key, 1, signal);
    let isAside = false;
    const stepAside = (): void => {
      if (this.aside >= MOST_ASIDE) return;
      this.aside += 1;
      isAside = true;
      slot.release();
      onAside(true);
    };
    const timer = setTimeout(stepAside, isHostSlow ? 0 : PATIENCE);
    const comeBack = (): void => {
      clearTimeout(timer);
      if (!isAside) return;
      this.aside -= 1;
      isAside = false;
    };
    return {
      answered: async (aborting) => {
        const wasAside = isAside;
        comeBack();
        if (!wasAside) return;
        onAside(false);
        slot = await this.slots.acquire(key, 1, aborting);
      },
      release: () => {
        comeBack();
        slot.release();
      },
    };
  }
}
