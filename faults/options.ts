import { parseArgs } from 'node:util';

/** Where the queue of a house lives. */
export type Queue = 'postgres' | 'redis';

export interface Options {
  queues: Queue[];
  /** Names of experiments; undefined: all of them, or the short selection. */
  only: string[] | undefined;
  short: boolean;
  /** Undefined: a new one. */
  seed: number | undefined;
  repeat: number;
  list: boolean;
}

export const USAGE =
  'Usage: npm run test:faults -- [--queue postgres|redis|both] [--only name,name] [--short] [--seed N] [--repeat N] [--list]';

const QUEUES: Record<string, Queue[]> = {
  postgres: ['postgres'],
  redis: ['redis'],
  both: ['postgres', 'redis'],
};
export const MAX_SEED = 2 ** 32 - 1;

/** What the command line asks for. Throws an Error that says what is wrong with it; `names` are the experiments there are. */
export function parseOptions(args: string[], names: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      queue: { type: 'string' },
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
      seed: { type: 'string' },
      repeat: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  const queue = values.queue ?? (values.short ? 'postgres' : 'both');
  if (!Object.hasOwn(QUEUES, queue)) throw new Error(`--queue: "${queue}" is none of postgres, redis, both`);
  const only = values.only?.split(',').map((name) => name.trim());
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only: there is no experiment "${unknown}", see --list`);
  return {
    queues: QUEUES[queue]!,
    only,
    short: values.short,
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, 0, MAX_SEED),
    repeat: wholeNumber('--repeat', values.repeat ?? '1', 1, 1000),
    list: values.list,
  };
}

/** Throws an Error that names the option `name`. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new Error(`${name}: "${text}" is no whole number from ${min} to ${max}`);
}
