import type { UrlPolicy } from '../net/url-rules.js';
import type { CsvColumns } from '../requests/csv-columns.js';
import { csvFault, type CsvFault, type CsvWarning } from './csv-fault.js';
import { findHeaderWarnings, readHeader } from './csv-header.js';
import type { CsvReading } from './csv-reading.js';
import type { CsvRecord } from './csv-records.js';
import { readRow } from './product-row.js';
import { findProductUrlFaults } from './product-urls.js';
import type { CsvEncoding } from './text-decoding.js';

export interface CsvLimits {
  maxImages: number;
  urls: UrlPolicy;
}

/** What pass 1 found out and pass 2 needs to know. */
export interface CsvFormat {
  encoding: CsvEncoding;
  delimiter: string;
  /** The file's first line end; all kinds are read. */
  newline: string;
  columns: CsvColumns;
}

/** What pass 1 says about a CSV, which can be taken when there are no errors. */
export interface CsvReport {
  /** Null when there is no header to go by. */
  format: CsvFormat | null;
  /** Products and images include those with errors, as far as they could be read. */
  productCount: number;
  imageCount: number;
  /** The first 100. */
  warnings: CsvWarning[];
  /** The first 100. */
  errors: CsvFault[];
  /** Reading ends with the row that brings it to 100,000. */
  errorCount: number;
}

/** The CSV has more images than one request may have. */
export class TooManyImages extends Error {}

const MAX_TOLD = 100;
/** Who has more than these gets no other advice, and 200 MB of three-byte rows would take minutes to count. */
const MAX_COUNTED = 100_000;

/** Checks a CSV record by record. */
export class CsvInspection {
  private readonly report: CsvReport;
  private headerLine: number | undefined;

  constructor(
    private readonly reading: CsvReading,
    private readonly limits: CsvLimits,
    warnings: CsvWarning[] = [],
  ) {
    this.report = { format: null, productCount: 0, imageCount: 0, warnings, errors: [], errorCount: 0 };
  }

  /** Takes the next record, the header first. False: the rest need not be read. Throws TooManyImages. */
  add(record: CsvRecord): boolean {
    if (this.report.format) this.addRow(record, this.report.format.columns);
    else this.addHeader(record);
    return this.report.format !== null && this.report.errorCount < MAX_COUNTED;
  }

  /** What was found, once every record is added. */
  finish(): CsvReport {
    const { report, headerLine } = this;
    if (report.productCount === 0 && report.errorCount === 0) {
      const message = headerLine ? 'The file has a header but no products.' : 'The file is empty.';
      this.addFault(csvFault({ code: 'no_rows', line: headerLine ?? 1, column: null, message, value: null }));
    }
    return report;
  }

  private addHeader(record: CsvRecord): void {
    this.headerLine = record.line;
    const columns = readHeader(record);
    if (Array.isArray(columns)) for (const fault of columns) this.addFault(fault);
    else {
      const { encoding, delimiter, newline } = this.reading;
      this.report.format = { encoding, delimiter, newline, columns };
      for (const warning of findHeaderWarnings(record, columns)) this.addWarning(warning);
    }
  }

  private addRow(record: CsvRecord, columns: CsvColumns): void {
    const { report, limits } = this;
    const { faults, product, warning } = readRow(record, columns, ++report.productCount);
    for (const fault of faults ?? findProductUrlFaults(product, columns, limits.urls)) this.addFault(fault);
    if (warning) this.addWarning(warning);
    report.imageCount += product?.urls.length ?? 0;
    if (report.imageCount > limits.maxImages) {
      throw new TooManyImages(
        `The CSV has more than ${limits.maxImages} images. Split it into several requests.`,
      );
    }
  }

  private addWarning(warning: CsvWarning): void {
    if (this.report.warnings.length < MAX_TOLD) this.report.warnings.push(warning);
  }

  private addFault(fault: CsvFault): void {
    this.report.errorCount++;
    if (this.report.errors.length < MAX_TOLD) this.report.errors.push(fault);
  }
}
