/** What several measurements of one thing gave. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** Throws when nothing was measured. */
export function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length === 0) throw new Error('nothing was measured');
  return { median: percentile(sorted, 0.5), low: sorted[0]!, high: sorted.at(-1)! };
}

/** The value below which `share` (0 to 1) of the sorted values lie; between two of them, the straight line. */
export function percentile(sorted: number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (at - below);
}

/**
 * What each of `ours` is of the one of `base` that was measured in the same round: the machine's mood, which changes from
 * minute to minute, is in both.
 */
export function ratioOf(ours: number[], base: number[]): Spread {
  return spreadOf(ours.map((value, round) => value / base[round]!));
}
