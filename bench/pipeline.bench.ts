import { basename } from 'node:path';
import { atMost, type Benchmark, type Goal, type Table } from './benchmark.js';
import { scaled, type Options } from './options.js';
import { filesOf, picturesOf, sizesOf } from './pictures.js';
import type { PictureSetName } from './picture-sets.js';
import { progress } from './progress.js';
import { sideBySide, type Round, type Side } from './side-by-side.js';
import { ratioOf, spreadOf } from './spread.js';

/** Images of a round, for some seconds of work; and the most CPU time, as a multiple of that of sharp and of the bare loop. */
const SETS: { name: PictureSetName; count: number; goals?: { sharp: number; bare: number } }[] = [
  { name: 'jpeg-800', count: 1500, goals: { sharp: 1.3, bare: 1.1 } },
  { name: 'jpeg-2000', count: 300, goals: { sharp: 1.2, bare: 1.06 } },
  { name: 'jpeg-12mp', count: 100, goals: { sharp: 1.2, bare: 1.06 } },
  { name: 'png-1000', count: 40 },
  { name: 'webp-1200', count: 120 },
];
/** Milliseconds of PostgreSQL an image. */
const POSTGRES_LIMIT = 0.1;

const SIDES: Side[] = ['sharp', 'bare', 'ours'];

export const pipeline: Benchmark = {
  name: 'pipeline',
  measures:
    'CPU of a worker process per image, beside that of sharp alone and of a bare download-encode-write loop.',
  async run(options) {
    const table: Table = {
      title: `CPU milliseconds an image, median of ${options.rounds} rounds (lowest–highest)`,
      columns: ['pictures', 'KB', 'sharp', 'bare loop', 'worker', '× sharp', '× bare', 'PostgreSQL'],
      rows: [],
    };
    const goals: Goal[] = [];
    for (const { name, folder, count, goals: limits } of await setsOf(options)) {
      progress(`pipeline: ${name}, ${options.rounds} × ${count} images on each of ${SIDES.length} sides`);
      const rounds = await sideBySide({ folder, count, sides: SIDES }, options);
      const cpu = (side: Side): number[] => rounds[side].map(({ cpuMs }) => cpuMs);
      const timesSharp = ratioOf(cpu('ours'), cpu('sharp'));
      const timesBare = ratioOf(cpu('ours'), cpu('bare'));
      const postgres = spreadOf(rounds.ours.map(({ postgresMs }: Round) => postgresMs));
      table.rows.push([
        name,
        await kilobytes(folder),
        ...SIDES.map((side) => spreadOf(cpu(side))),
        timesSharp,
        timesBare,
        postgres,
      ]);
      if (!limits) continue;
      goals.push(
        atMost(`${name}: CPU × sharp`, timesSharp.median, limits.sharp),
        atMost(`${name}: CPU × bare loop`, timesBare.median, limits.bare),
        atMost(`${name}: PostgreSQL`, postgres.median, POSTGRES_LIMIT, ' ms'),
      );
    }
    return { tables: [table], goals };
  },
};

async function setsOf(
  options: Options,
): Promise<{ name: string; folder: string; count: number; goals?: { sharp: number; bare: number } }[]> {
  const { pictures: folder } = options;
  if (folder !== undefined) {
    const { length } = await filesOf(folder);
    return [{ name: basename(folder), folder, count: scaled(Math.max(length, 200), options) }];
  }
  const sets = [];
  for (const { name, count, goals } of SETS)
    sets.push({ name, folder: await picturesOf(name), count: scaled(count, options), goals });
  return sets;
}

async function kilobytes(folder: string): Promise<number> {
  return spreadOf(await sizesOf(folder)).median / 1000;
}
