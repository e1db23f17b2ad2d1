import type { CsvColumns } from '../requests/csv-columns.js';
import { isErrorColumn } from '../requests/errors-csv.js';
import { findColumnRoles, findUnreadImageColumns } from './column-roles.js';
import { csvFault, csvWarning, printable, type CsvFault, type CsvWarning } from './csv-fault.js';
import { findRecordFaults } from './record-faults.js';
import type { CsvRecord } from './csv-records.js';

/**
 * More than any shop system exports. Every row is filled up to it, so it bounds what a short row can grow to.
 * The two that an errors CSV adds do not count, so that it can be uploaded when its input could.
 */
const MAX_COLUMNS = 1000;

const EXPECTED = {
  'product name': 'Product Name, Name, Title, SKU or Handle',
  'image URLs': 'Input Image Urls, Image URLs, Images, Image 1, Image Src or URL',
};

/** The columns that a header record names, or why it cannot be used as one. */
export function readHeader(record: CsvRecord): CsvColumns | CsvFault[] {
  const names = withoutEmptyEnd(record.cells);
  const fault = (code: CsvFault['code'], column: string | null, message: string) =>
    csvFault({ code, line: record.line, column, message, value: names.join(', ') });

  // Before anything looks at each of them.
  if (!record.fault && countColumns(names) > MAX_COLUMNS) {
    const message = `The header has ${countColumns(names)} columns; at most 1,000 are read.`;
    return [fault('overflow_cells', null, message)];
  }
  const faults = findRecordFaults(record, names);
  if (faults.length > 0) return faults;

  const { serialNumbers, productNames, urls } = findColumnRoles(names);
  const missing = (role: keyof typeof EXPECTED) =>
    fault(
      'header_missing',
      null,
      `No column for the ${role} was found. The first line must name the columns; expected is one called ${EXPECTED[role]}.`,
    );
  const ambiguous = ([first, second]: number[]) =>
    fault(
      'header_ambiguous',
      names[second!]!,
      `The columns ${first! + 1} and ${second! + 1} both have the name "${printable(names[second!]!)}". Rename or remove one of them.`,
    );

  if (productNames.length === 0) faults.push(missing('product name'));
  if (urls.length === 0) faults.push(missing('image URLs'));
  if (productNames.length > 1) faults.push(ambiguous(productNames));
  if (serialNumbers.length > 1) faults.push(ambiguous(serialNumbers));
  if (faults.length > 0) return faults;
  return { names, serialNumber: serialNumbers[0] ?? null, productName: productNames[0]!, urls };
}

/** What a usable header leads one to expect and does not get. */
export function findHeaderWarnings({ line }: CsvRecord, { names, urls }: CsvColumns): CsvWarning[] {
  return findUnreadImageColumns(names, urls).map((unread) =>
    csvWarning({
      code: 'image_column_unread',
      line,
      column: names[unread]!,
      message:
        'This column was not read: the images are in another. Call all of them Image 1, Image 2 and so on.',
    }),
  );
}

/** Without the two of an errors CSV; when that makes no difference, nobody looks for them. */
function countColumns(names: string[]): number {
  const tooMany = names.length > MAX_COLUMNS + 2;
  return tooMany ? names.length : names.length - Math.min(2, names.filter(isErrorColumn).length);
}

/** Spreadsheets fill the header up to the longest row; what stands below such a cell lies beyond the header. */
function withoutEmptyEnd(cells: string[]): string[] {
  return cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1);
}
