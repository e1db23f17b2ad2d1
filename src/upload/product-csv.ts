import type { Readable } from 'node:stream';
import { refuseBinary } from './binary-file.js';
import { firstBlock } from './byte-blocks.js';
import { detectDialect } from './csv-dialect.js';
import type { CsvWarning } from './csv-fault.js';
import { CsvInspection, type CsvFormat, type CsvLimits, type CsvReport } from './csv-inspection.js';
import { readRecords, type CsvReading } from './csv-reading.js';
import { readRow, type CsvProduct } from './product-row.js';
import { encodingOfByteOrderMark, InvalidEncoding } from './text-decoding.js';

export type { CsvColumns } from '../requests/csv-columns.js';
export type { CsvErrorCode, CsvFault, CsvWarning } from './csv-fault.js';
export type { CsvProduct } from './product-row.js';
export { NotText } from './binary-file.js';
export { TooManyImages, type CsvFormat, type CsvLimits, type CsvReport } from './csv-inspection.js';

const ENCODING_ASSUMED: CsvWarning = {
  code: 'encoding_assumed',
  line: null,
  column: null,
  message:
    'The file is not valid UTF-8 and was read as Windows-1252. If letters come out wrong, save it as UTF-8.',
};

/** In characters: with long descriptions in them, 5,000 products could be a whole file of 200 MB. */
const MAX_BATCH_LENGTH = 4_194_304;

/**
 * Pass 1: reads all of it, stores nothing and tells every fault. `open` gives the bytes anew each time it is called.
 * Throws NotText when it is no text at all, and TooManyImages.
 */
export async function inspectProductCsv(open: () => Readable, limits: CsvLimits): Promise<CsvReport> {
  const head = await firstBlock(open());
  const named = encodingOfByteOrderMark(head);
  refuseBinary(head, named !== undefined);
  const encoding = named ?? 'utf-8';
  const dialect = detectDialect(new TextDecoder(encoding).decode(head));

  const strict = { ...dialect, encoding };
  try {
    return await inspect(open(), strict, new CsvInspection(strict, limits));
  } catch (error) {
    if (!(error instanceof InvalidEncoding)) throw error;
  }
  // A file that names its encoding and breaks it has rows to be mended; one that names none is an older Excel's.
  const reading: CsvReading = named ? { ...strict, lenient: true } : { ...dialect, encoding: 'windows-1252' };
  return inspect(open(), reading, new CsvInspection(reading, limits, named ? [] : [ENCODING_ASSUMED]));
}

async function inspect(bytes: Readable, reading: CsvReading, inspection: CsvInspection): Promise<CsvReport> {
  for await (const records of readRecords(bytes, reading)) {
    if (!records.every((record) => inspection.add(record))) break;
  }
  return inspection.finish();
}

/**
 * Pass 2, for a CSV without errors: its products, in batches of at most `batchImages` images each.
 * A product is never split, so one with more makes a batch of its own.
 */
export async function* readProducts(
  open: () => Readable,
  format: CsvFormat,
  batchImages: number,
): AsyncGenerator<CsvProduct[]> {
  let row = -1;
  let batch: CsvProduct[] = [];
  let images = 0;
  let length = 0;
  for await (const records of readRecords(open(), format)) {
    for (const record of records) {
      if (++row === 0) continue; // the header
      const { product } = readRow(record, format.columns, row);
      if (!product)
        throw new Error(`Line ${record.line} of the CSV was valid in the first pass and is not now.`);
      images += product.urls.length;
      length += record.size;
      if (batch.length > 0 && (images > batchImages || length > MAX_BATCH_LENGTH)) {
        yield batch;
        batch = [];
        images = product.urls.length;
        length = record.size;
      }
      batch.push(product);
    }
  }
  if (batch.length > 0) yield batch;
}
