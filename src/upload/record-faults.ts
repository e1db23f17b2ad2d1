import { isErrorColumn } from '../requests/errors-csv.js';
import { csvFault, type CsvFault } from './csv-fault.js';
import { MAX_ROW_LENGTH, type CsvRecord } from './csv-records.js';

const MESSAGES = {
  quote_not_closed:
    'A quote is not closed, or stands inside a quoted cell without being doubled. Nothing after it was checked.',
  field_too_long: 'A cell may hold at most 65,536 characters, and a row 2,097,152.',
  invalid_character: 'The cell holds a NUL, or a character that is not valid in the encoding of the file.',
};

/** What makes the cells of a record unusable, whatever they mean. `names` is the header, as far as it is known. */
export function findRecordFaults({ line, cells, size, fault }: CsvRecord, names: string[]): CsvFault[] {
  const at = (code: keyof typeof MESSAGES, cell: number, value: string) =>
    csvFault({ code, line, column: names[cell] ?? null, message: MESSAGES[code], value });

  if (fault) return [at(fault.code, fault.cell, fault.value)];
  const tooFar = size >= MAX_ROW_LENGTH ? cellBeyondRow(cells, names) : -1;
  if (tooFar >= 0) return [at('field_too_long', tooFar, cells[tooFar]!)];
  // PostgreSQL stores no NUL.
  const broken = cells.flatMap((value, cell) => (value.includes('\0') ? [cell] : []));
  // Of those beyond the header only the first is told: there can be a million of them.
  const told = broken.filter(
    (cell, nth) => cell < names.length || nth === 0 || broken[nth - 1]! < names.length,
  );
  return told.map((cell) => at('invalid_character', cell, cells[cell]!));
}

/**
 * The cell with which a row becomes too long, or -1. What an errors CSV adds does not count: its own columns, empty cells,
 * and a comma between URLs that stood in cells of their own. So it is never too long when its input was not.
 */
function cellBeyondRow(cells: string[], names: string[]): number {
  let length = 0;
  return cells.findIndex((cell, index) => {
    const counts = cell !== '' && !(index < names.length && isErrorColumn(names[index]!));
    if (counts) length += cell.length + 1;
    return length > MAX_ROW_LENGTH;
  });
}
