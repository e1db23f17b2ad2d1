import Papa from 'papaparse';

/** By which Excel knows UTF-8. */
export const BYTE_ORDER_MARK = '\uFEFF';

/**
 * What a spreadsheet takes for the beginning of a formula, also in its full-width forms, and behind white space and
 * invisible characters, which some drop. A plain number is none.
 */
const FORMULA = /^(?! *[+-]?\d+(?:\.\d+)? *$)(?:[\t\r\n]|[\s\p{Cf}]*[=+\-@＝＋－＠])/u;

/** A record as RFC 4180 has it, with its CRLF. `safeCells` puts `'` before formulas, `quotes` puts every cell in quotes. */
export function csvLine(cells: string[], options: { safeCells: boolean; quotes?: boolean }): string {
  const { safeCells, quotes = false } = options;
  return `${Papa.unparse([cells], { escapeFormulae: safeCells && FORMULA, quotes })}\r\n`;
}
