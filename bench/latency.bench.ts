import { atLeast, atMost, type Benchmark, type Goal, type Table } from './benchmark.js';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { Origin } from './origin.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { measureOurs } from './side-by-side.js';
import { ratioOf, spreadOf } from './spread.js';

/** A host that answers after half a second keeps 128 downloads waiting while the encoders do 256 images a second. */
const SETTINGS = { FETCH_CONCURRENCY: '128', FETCH_PER_HOST: '128' };
const COUNT = 3000;
/** Of the host, in ms; and the least that must be left of the speed at 0 ms. */
const ANSWERS = [
  { answerMs: 0, lowest: undefined },
  { answerMs: 100, lowest: 0.85 },
  { answerMs: 500, lowest: 0.7 },
];
/** MiB beyond what the same worker holds when the host answers at once; the sources of 128 downloads are 13. */
const MEMORY_LIMIT = 64;

interface Measured {
  speeds: number[];
  peaks: number[];
}

export const latency: Benchmark = {
  name: 'latency',
  measures:
    'Images a second of one worker when the only host answers late, with FETCH_CONCURRENCY=128; 800 × 800 JPEG.',
  async run(options) {
    const folder = options.pictures ?? (await picturesOf('jpeg-800'));
    const measured = await measure(folder, options);
    const [atOnce] = measured;
    const table: Table = {
      title: `Median of ${options.rounds} rounds (lowest–highest)`,
      columns: ['the host answers after', 'images a second', '× at once', 'peak MiB of the worker'],
      rows: ANSWERS.map(({ answerMs }, index) => {
        const { speeds, peaks } = measured[index]!;
        return [`${answerMs} ms`, spreadOf(speeds), ratioOf(speeds, atOnce!.speeds), spreadOf(peaks)];
      }),
    };
    const goals: Goal[] = ANSWERS.flatMap(({ answerMs, lowest }, index) => {
      if (lowest === undefined) return [];
      const { speeds, peaks } = measured[index]!;
      const more = spreadOf(peaks).median - spreadOf(atOnce!.peaks).median;
      return [
        atLeast(`${answerMs} ms: images a second × at once`, ratioOf(speeds, atOnce!.speeds).median, lowest),
        atMost(`${answerMs} ms: memory beyond that at once`, more, MEMORY_LIMIT, ' MiB'),
      ];
    });
    return { tables: [table], goals };
  },
};

async function measure(folder: string, options: Options): Promise<Measured[]> {
  const origin = await Origin.start([folder]);
  const house = await House.start({ ofWorkers: SETTINGS });
  const measured: Measured[] = ANSWERS.map(() => ({ speeds: [], peaks: [] }));
  try {
    const count = scaled(COUNT, options);
    const once = async (answerMs: number): Promise<number> =>
      (await measureOurs(house, origin.urls(count, { answer: answerMs }))).imagesPerSecond;
    await once(0);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [index, { answerMs }] of ANSWERS.entries()) {
        progress(`latency: round ${round + 1} of ${options.rounds}, ${count} images at ${answerMs} ms`);
        await house.worker.forgetPeak();
        measured[index]!.speeds.push(await once(answerMs));
        measured[index]!.peaks.push((await house.worker.memory()).peakMiB);
      }
    }
    return measured;
  } finally {
    await house.stop();
    await origin.stop();
  }
}
