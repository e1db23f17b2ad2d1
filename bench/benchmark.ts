import type { Options } from './options.js';
import type { Spread } from './spread.js';

/** One benchmark: `npm run bench -- NAME`. */
export interface Benchmark {
  name: string;
  /** What it measures, in one line. */
  measures: string;
  run: (options: Options) => Promise<Result>;
}

export interface Result {
  tables: Table[];
  goals: Goal[];
}

/** Figures of one kind: the first column names the row. */
export interface Table {
  title: string;
  columns: string[];
  rows: Cell[][];
}

/** A number was counted; a spread was measured several times. */
export type Cell = string | number | Spread;

/** A figure beside what it is to reach. */
export interface Goal {
  what: string;
  goal: string;
  measured: string;
  reached: boolean;
}

/** `measured` is at most `limit`. */
export function atMost(what: string, measured: number, limit: number, unit = ''): Goal {
  return {
    what,
    goal: `≤ ${limit}${unit}`,
    measured: `${round(measured)}${unit}`,
    reached: round(measured) <= limit,
  };
}

/** `measured` is at least `limit`. */
export function atLeast(what: string, measured: number, limit: number, unit = ''): Goal {
  return {
    what,
    goal: `≥ ${limit}${unit}`,
    measured: `${round(measured)}${unit}`,
    reached: round(measured) >= limit,
  };
}

/** To three digits, which is more than any figure here is good for; larger ones to whole numbers. */
export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
