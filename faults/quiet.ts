import { setTimeout as delay } from 'node:timers/promises';
import { listObjects } from './checker/evidence.js';
import type { House } from './house.js';

/** The longest that recovery may take after the last fault is over. */
const LIMIT_MS = 90_000;
const PAUSE_MS = 250;
/** So often in a row nothing may have moved: what a slow process still does would show by then. */
const STILL = 4;

/** What is not over yet, as a sentence for who waits in vain; undefined when nothing is. */
const UNREST = `
  SELECT concat_ws(', ',
    (SELECT count(*) || ' open request(s)' FROM processing_request
     WHERE status IN ('pending', 'processing') OR retried_to IS NOT NULL HAVING count(*) > 0),
    (SELECT count(*) || ' request(s) not yet removed' FROM processing_request
     WHERE deleted_at IS NOT NULL HAVING count(*) > 0),
    (SELECT count(*) || ' slice(s) queued or running' FROM slice
     WHERE state IN ('queued', 'running') HAVING count(*) > 0),
    (SELECT count(*) || ' delivery(ies) to be made' FROM webhook_delivery
     WHERE status = 'pending' OR redeliver_at IS NOT NULL HAVING count(*) > 0)) AS unrest`;

export interface Quiet {
  /** From the end of the last fault until the last change was seen. */
  seconds: number;
  /** What went on when the time was over. */
  unrest: string | undefined;
}

/** Waits until nothing is left to be done and nothing changes any more. */
export async function waitForQuiet(house: House): Promise<Quiet> {
  const begin = Date.now();
  let lastChange = begin;
  let before = '';
  let still = 0;
  for (;;) {
    const { unrest, state } = await lookAround(house);
    if (state !== before) lastChange = Date.now();
    still = unrest === undefined && state === before ? still + 1 : 0;
    before = state;
    const seconds = Math.max(lastChange - house.healedAt, 0) / 1000;
    if (still >= STILL) return { seconds, unrest: undefined };
    if (Date.now() - begin > LIMIT_MS)
      return { seconds: (Date.now() - house.healedAt) / 1000, unrest: unrest ?? 'changes in the storage' };
    await delay(PAUSE_MS);
  }
}

async function lookAround(house: House): Promise<{ unrest: string | undefined; state: string }> {
  try {
    const [row] = await house.look<{ unrest: string }>(UNREST);
    const objects = await listObjects(house.parts.storage);
    return { unrest: row!.unrest || undefined, state: `${row!.unrest} ${objects.toSorted().join()}` };
  } catch (error) {
    // Also a folder that goes while it is listed.
    return { unrest: (error as Error).message, state: (error as Error).message };
  }
}
