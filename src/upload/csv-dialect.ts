import { findColumnRoles } from './column-roles.js';
import { RecordSplitter } from './csv-records.js';

export interface CsvDialect {
  delimiter: string;
  /** The first line end of the file, which says where it comes from; all kinds are read. */
  newline: string;
}

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * The delimiter for which the header names the columns that are needed, or else the most columns.
 * A first line `sep=;` has more than one only by the delimiter it names, so it settles the matter.
 */
export function detectDialect(head: string): CsvDialect {
  const candidates = DELIMITERS.map((delimiter) => readHeaderBy(head, delimiter));
  return candidates.reduce((best, next) => (isBetter(next, best) ? next : best));
}

interface Candidate extends CsvDialect {
  roles: number;
  columns: number;
}

function readHeaderBy(head: string, delimiter: string): Candidate {
  const splitter = new RecordSplitter(delimiter);
  const [first] = [...splitter.push(head), ...splitter.end()];
  const header = first?.cells ?? [];
  const roles = Object.values(findColumnRoles(header)).filter((columns) => columns.length > 0);
  return { delimiter, newline: splitter.newline ?? '\n', roles: roles.length, columns: header.length };
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.roles === b.roles ? a.columns > b.columns : a.roles > b.roles;
}
