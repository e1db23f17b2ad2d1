import Papa from 'papaparse';

/** What a spreadsheet takes for the beginning of a formula, also in its full-width forms; a plain number is none. */
const FORMULA = /^(?![+-]?\d+(?:\.\d+)?$)[=+\-@\t\r\n＝＋－＠]/;

/** A record as RFC 4180 has it, with its CRLF. `safeCells` puts `'` before formulas, `quotes` puts every cell in quotes. */
export function csvLine(cells: string[], options: { safeCells: boolean; quotes?: boolean }): string {
  const { safeCells, quotes = false } = options;
  return `${Papa.unparse([cells], { escapeFormulae: safeCells && FORMULA, quotes })}\r\n`;
}

/** By which Excel knows UTF-8. */
export const BYTE_ORDER_MARK = '\uFEFF';
