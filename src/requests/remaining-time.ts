/**
 * The speed of a run is the moving average of its outcomes per second, weighted by time: what was is forgotten with
 * this time constant (seconds). Short enough to follow a run that slows down, long enough to level out its batches.
 */
export const SPEED_MEMORY = 30;

/** Before this much of a run was measured, its speed is a guess: seconds, and outcomes. */
const MEASURED = { seconds: 2, outcomes: 2 };
/** Seconds without an outcome that mean nothing: outcomes come in batches. */
const PATIENCE = 5;
/** A run that is without an outcome for so many times the usual stands still, for example until something is retried. */
const STANDSTILL_GAPS = 10;

/** What is known of a run that is under way. */
export interface RunPace {
  startedAt: Date | null;
  /** When the last outcomes were recorded, and the average then, which began at 0. */
  progressedAt: Date | null;
  speed: number | null;
  /** Images of the run that have an outcome, and that have none. */
  outcomes: number;
  open: number;
}

/** Seconds until a run ends that goes on as it did lately; null while nobody can say. */
export function remainingSeconds(pace: RunPace, now: Date): number | null {
  const { startedAt, progressedAt, speed, outcomes, open } = pace;
  if (!startedAt || !progressedAt || !speed) return null;
  const measured = secondsBetween(startedAt, progressedAt);
  if (measured < MEASURED.seconds || outcomes < MEASURED.outcomes) return null;
  // The average began at 0 and has forgotten that but for this share.
  const lately = speed / (1 - Math.exp(-measured / SPEED_MEMORY));
  const gap = 1 / lately;
  const patience = Math.max(PATIENCE, gap);
  const quiet = Math.max(0, secondsBetween(progressedAt, now));
  if (quiet > Math.max(PATIENCE, STANDSTILL_GAPS * gap)) return null;
  // No outcome for longer than usual: it cannot have been faster than that.
  const speedNow = quiet > patience ? (lately * patience) / quiet : lately;
  // The next outcome is under way.
  return Math.max(0, open / speedNow - Math.min(quiet, gap));
}

function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}
