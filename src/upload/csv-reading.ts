import type { Readable } from 'node:stream';
import { byteBlocks } from './byte-blocks.js';
import type { CsvDialect } from './csv-dialect.js';
import { RecordSplitter, type CsvRecord } from './csv-records.js';
import { decodeText, type CsvEncoding } from './text-decoding.js';

/** How the bytes of a CSV are to be read. */
export interface CsvReading extends CsvDialect {
  encoding: CsvEncoding;
  /** Whether broken characters are passed on (see `decodeText`) instead of ending the reading. */
  lenient?: boolean;
}

/** The records of a CSV, those of one block at a time. Closes the stream, also when it is left early. */
export async function* readRecords(bytes: Readable, reading: CsvReading): AsyncGenerator<CsvRecord[]> {
  const splitter = new RecordSplitter(reading.delimiter);
  for await (const text of decodeText(byteBlocks(bytes), reading.encoding, reading.lenient)) {
    yield withoutSeparatorLine(splitter.push(text));
  }
  yield withoutSeparatorLine(splitter.end());
}

/** Leaves out Excel's `sep=;`, which is no header. */
function withoutSeparatorLine(records: CsvRecord[]): CsvRecord[] {
  const first = records[0];
  const isSeparatorLine = first?.line === 1 && first.cells.length === 2 && /^sep=$/i.test(first.cells[0]!);
  return isSeparatorLine ? records.slice(1) : records;
}
