import { parseArgs } from 'node:util';
import { wholeNumber } from '../faults/options.js';

export interface Options {
  /** Of benchmarks, in the order in which they run. */
  names: string[];
  /** How often both sides of each comparison are measured. */
  rounds: number;
  /** A folder of images to measure with, instead of the benchmarks' own. */
  pictures: string | undefined;
  /** A tenth of everything: to see that a benchmark runs, not what it gives. */
  short: boolean;
  list: boolean;
}

export const USAGE =
  'Usage: npm run bench -- [NAME ...] [--rounds N] [--pictures FOLDER] [--short] [--list]   (without NAME: all, one to two hours)';

/** What the command line asks for. Throws an Error that says what is wrong with it; `all` are the benchmarks there are. */
export function parseOptions(args: string[], all: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      pictures: { type: 'string' },
      short: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`there is no benchmark "${unknown}", only ${all.join(', ')}`);
  return {
    names: positionals.length > 0 ? positionals : all,
    rounds: wholeNumber('--rounds', values.rounds ?? (values.short ? '1' : '5'), 1, 100),
    pictures: values.pictures,
    short: values.short,
    list: values.list,
  };
}

/** So many of something that there are `count` of in a whole run. */
export function scaled(count: number, { short }: Options): number {
  return short ? Math.max(Math.ceil(count / 10), 1) : count;
}
