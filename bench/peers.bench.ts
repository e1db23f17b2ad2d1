import { atLeast, type Benchmark, type Goal, type Table } from './benchmark.js';
import { scaled } from './options.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { sideBySide, type Side } from './side-by-side.js';
import { ratioOf, spreadOf } from './spread.js';

/** Of the host; and images of a round, for some seconds of work of the slower side. */
const CASES = [
  { answerMs: 0, count: 1200, lowest: 2 },
  { answerMs: 100, count: 400, lowest: 10 },
];
const SIDES: Side[] = ['older', 'ours'];

export const peers: Benchmark = {
  name: 'peers',
  measures:
    'Images a second of one worker beside the older systems’ way, one image after another with the same encoder; 800 × 800 JPEG.',
  async run(options) {
    const table: Table = {
      title: `Images a second, median of ${options.rounds} rounds (lowest–highest)`,
      columns: ['the host answers after', 'one after another', 'worker', '× one after another'],
      rows: [],
    };
    const goals: Goal[] = [];
    const folder = options.pictures ?? (await picturesOf('jpeg-800'));
    for (const { answerMs, count: whole, lowest } of CASES) {
      const count = scaled(whole, options);
      progress(`peers: ${answerMs} ms, ${options.rounds} × ${count} images on both sides`);
      const rounds = await sideBySide({ folder, count, sides: SIDES, answerMs }, options);
      const speed = (side: Side): number[] => rounds[side].map(({ imagesPerSecond }) => imagesPerSecond);
      const times = ratioOf(speed('ours'), speed('older'));
      table.rows.push([`${answerMs} ms`, spreadOf(speed('older')), spreadOf(speed('ours')), times]);
      goals.push(atLeast(`${answerMs} ms: images a second × one after another`, times.median, lowest));
    }
    return { tables: [table], goals };
  },
};
