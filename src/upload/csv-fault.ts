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

/** What is wrong with the CSV and where: `line` is the physical line on which the record starts, `column` the header's text. */
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

const MAX_VALUE_LENGTH = 200;

/** The fault with its value cut, and made printable, for whom it is told. */
export function csvFault(fault: CsvFault): CsvFault {
  if (fault.value === null) return fault;
  // A cut through a surrogate pair would leave half a character.
  const value = fault.value.slice(0, MAX_VALUE_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
  return { ...fault, value: value.replaceAll('\0', '\uFFFD') };
}
