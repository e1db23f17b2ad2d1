import type { CsvColumns } from '../requests/csv-columns.js';
import { csvFault, csvWarning, type CsvErrorCode, type CsvFault, type CsvWarning } from './csv-fault.js';
import type { CsvRecord } from './csv-records.js';
import { findRecordFaults } from './record-faults.js';
import { isUrlList, splitUrls } from './url-list.js';

/** One product of the CSV. */
export interface CsvProduct {
  /** Counts data rows, from 1. */
  row: number;
  /** The physical line on which it starts, from 1. */
  line: number;
  /** The row number when the CSV has none. */
  serialNumber: string;
  productName: string;
  /** One for each column, text unchanged; URLs beyond the header are added to the last image column's. As short as the row. */
  cells: string[];
  urls: string[];
}

/** Why the row cannot be used, or its product and perhaps what was assumed to get it. */
export type RowReading =
  | { faults: CsvFault[]; product?: undefined; warning?: undefined }
  | { faults?: undefined; product: CsvProduct; warning: CsvWarning | undefined };

/**
 * Brings a data record into the shape of the header and picks out the product. Its URLs are not judged here. A short row is
 * not filled up: under a thousand columns, 13 bytes would become 3,000 in the database.
 */
export function readRow(record: CsvRecord, columns: CsvColumns, row: number): RowReading {
  const faults = findRecordFaults(record, columns.names);
  if (faults.length > 0) return { faults };
  const fault = findShapeFault(record, columns);
  if (fault) return { faults: [fault] };

  const cells = record.cells.slice(0, columns.names.length);
  const overflow = overflowOf(record, columns);
  const last = lastOf(columns.urls);
  if (overflow.length > 0) cells[last] = [cells[last]!, ...overflow].filter(isUsed).join(',');

  const serialNumber = columns.serialNumber === null ? '' : cells[columns.serialNumber]!.trim();
  const product = {
    row,
    line: record.line,
    serialNumber: serialNumber || String(row),
    productName: cells[columns.productName]!.trim(),
    cells,
    urls: columns.urls.flatMap((column) => splitUrls(cells[column] ?? '')),
  };
  const warning =
    overflow.length > 0 ? overflowJoined(record.line, columns.names[last]!, overflow.length) : undefined;
  return { product, warning };
}

/** What is wrong with the number of cells. */
function findShapeFault({ line, cells }: CsvRecord, columns: CsvColumns): CsvFault | undefined {
  const { names, productName, serialNumber, urls } = columns;
  const fault = (code: CsvErrorCode, column: string | null, advice: string, value: string) => {
    const message = `The row has ${cells.length} cells, the header ${names.length}. ${advice}`;
    return csvFault({ code, line, column, message, value });
  };

  // The further image columns may be missing: a row with one image ends after it.
  const needed = [productName, urls[0]!, serialNumber ?? 0];
  const missing = Math.max(...needed);
  if (missing >= cells.length) {
    return fault('row_too_short', names[missing]!, 'A needed column is missing.', cells.join(', '));
  }

  const overflow = overflowOf({ cells }, columns);
  if (overflow.length === 0) return undefined;
  // A URL to the right of the image columns: the list has run into other columns, which cell is which is lost.
  const spilled = cells.slice(lastOf(urls) + 1, names.length).some(isUrlList);
  if (!spilled && overflow.every(isUrlList)) return undefined;
  const advice = 'Put cells that hold the delimiter in quotes, such as a list of URLs.';
  return fault('overflow_cells', null, advice, overflow.join(', '));
}

/** The cells beyond the header; empty ones are what spreadsheets leave behind. */
function overflowOf({ cells }: Pick<CsvRecord, 'cells'>, { names }: CsvColumns): string[] {
  return cells.length > names.length ? cells.slice(names.length).filter(isUsed) : [];
}

function overflowJoined(line: number, column: string, count: number): CsvWarning {
  const message = `${count} more cell(s) with URLs were found beyond the header and added to this column. A list of URLs belongs in quotes.`;
  return csvWarning({ code: 'overflow_cells_joined', line, column, message });
}

function isUsed(cell: string): boolean {
  return cell.trim() !== '';
}

function lastOf(columns: number[]): number {
  return columns[columns.length - 1]!;
}
