/** Beyond this (ms) receivers may soon refuse our webhooks for their timestamps: most allow five minutes. */
export const CLOCK_TOLERANCE = 30_000;

/**
 * How far this machine's clock is ahead of the database's, in ms, negative when it is behind. `asked` and `answered` are
 * this clock before and after the question, `databaseTime` the other one somewhere in between: what the way to the
 * database may have taken does not count.
 */
export function clockDifference(asked: number, databaseTime: number, answered: number): number {
  if (databaseTime > answered) return answered - databaseTime;
  return Math.max(0, asked - databaseTime);
}
