import { csvFault, type CsvFault } from './csv-fault.js';
import type { CsvRecord } from './csv-records.js';

const MESSAGES = {
  quote_not_closed:
    'A quote is not closed, or stands inside a quoted cell without being doubled. Nothing after it was checked.',
  field_too_long: 'A cell may hold at most 65,536 characters, and a row 2,097,152.',
  invalid_character: 'The cell holds a NUL, or a character that is not valid in the encoding of the file.',
};

/** What makes the cells of a record unusable, whatever they mean. `names` is the header, as far as it is known. */
export function findRecordFaults({ line, cells, fault }: CsvRecord, names: string[]): CsvFault[] {
  const at = (code: keyof typeof MESSAGES, cell: number, value: string) =>
    csvFault({ code, line, column: names[cell] ?? null, message: MESSAGES[code], value });

  if (fault) return [at(fault.code, fault.cell, fault.value)];
  // PostgreSQL stores no NUL.
  if (!cells.some((value) => value.includes('\0'))) return [];
  return cells.flatMap((value, cell) => (value.includes('\0') ? [at('invalid_character', cell, value)] : []));
}
