import { parseArgs } from 'node:util';
import { MAX_SEED, wholeNumber } from '../faults/options.js';

export interface Options {
  /** Names of campaigns: all of them when none is named. */
  names: string[];
  /** Undefined: a new one. */
  seed: number | undefined;
  short: boolean;
  list: boolean;
}

export const USAGE = 'Usage: npm run fuzz -- [NAME ...] [--seed N] [--short] [--list]';

/** What the command line asks for. Throws an Error that says what is wrong with it; `known` are the campaigns there are. */
export function parseOptions(args: string[], known: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      short: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no campaign "${unknown}", see --list`);
  return {
    names: positionals.length > 0 ? positionals : known,
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, 0, MAX_SEED),
    short: values.short,
    list: values.list,
  };
}
