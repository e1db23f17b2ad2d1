import { EFFORTS } from '../src/requests/request-options.js';
import { atLeast, type Benchmark, type Goal, type Table } from './benchmark.js';
import { scaled } from './options.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { sideBySide, type Side } from './side-by-side.js';
import { ratioOf, spreadOf } from './spread.js';

/** Images of a round, for some seconds of work: mozjpeg takes four times as long. */
const COUNTS = { fast: 2400, balanced: 1800, small: 600 };
const LOWEST = 0.9;
const SIDES: Side[] = ['bare', 'ours'];

export const throughput: Benchmark = {
  name: 'throughput',
  measures: 'Images a second of one worker, 800 × 800 JPEG, beside a bare download-encode-write loop.',
  async run(options) {
    const table: Table = {
      title: `Images a second, median of ${options.rounds} rounds (lowest–highest); the host answers at once`,
      columns: ['effort', 'bare loop', 'worker', '× bare'],
      rows: [],
    };
    const goals: Goal[] = [];
    const folder = options.pictures ?? (await picturesOf('jpeg-800'));
    for (const effort of EFFORTS) {
      const count = scaled(COUNTS[effort], options);
      progress(`throughput: ${effort}, ${options.rounds} × ${count} images on both sides`);
      const rounds = await sideBySide({ folder, count, options: { effort }, sides: SIDES }, options);
      const speed = (side: Side): number[] => rounds[side].map(({ imagesPerSecond }) => imagesPerSecond);
      const times = ratioOf(speed('ours'), speed('bare'));
      table.rows.push([effort, spreadOf(speed('bare')), spreadOf(speed('ours')), times]);
      goals.push(atLeast(`${effort}: images a second × bare loop`, times.median, LOWEST));
    }
    return { tables: [table], goals };
  },
};
