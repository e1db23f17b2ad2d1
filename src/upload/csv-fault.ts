import type { UrlFaultCode } from '../net/url-rules.js';

export type CsvErrorCode =
  | 'header_missing'
  | 'header_ambiguous'
  | 'row_too_short'
  | 'overflow_cells'
  | 'url_missing'
  | UrlFaultCode
  | 'too_many_urls'
  | 'field_too_long'
  | 'quote_not_closed'
  | 'invalid_character'
  | 'no_rows';

/** What is wrong with the CSV and where: `line` is the physical line on which the record starts, `column` the header's text (its first 200 characters). */
export interface CsvFault {
  code: CsvErrorCode;
  line: number;
  column: string | null;
  message: string;
  /** The offending text, at most 200 characters of it. */
  value: string | null;
}

/** What was assumed in reading a CSV that is not quite regular. */
export interface CsvWarning {
  code: string;
  line: number | null;
  column: string | null;
  message: string;
}

const MAX_TOLD_LENGTH = 200;

/** The fault with its texts cut, and made printable, for whom it is told. */
export function csvFault(fault: CsvFault): CsvFault {
  const { column, value } = fault;
  return { ...fault, column: column && printable(column), value: value && printable(value) };
}

/** The same for a warning. */
export function csvWarning(warning: CsvWarning): CsvWarning {
  return { ...warning, column: warning.column && printable(warning.column) };
}

/** At most 200 characters of the text, without a NUL, as it is told. */
export function printable(text: string): string {
  // A cut through a surrogate pair would leave half a character.
  const cut = text.slice(0, MAX_TOLD_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
  return copyOf(cut.replaceAll('\0', '\uFFFD'));
}

/** V8 takes a slice as a view: 100 faults would keep 100 rows of 2 million characters in memory. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le');
}
