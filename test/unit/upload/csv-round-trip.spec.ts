import * as fc from 'fast-check';
import Papa from 'papaparse';
import { csvLine } from '../../../src/requests/csv-line.js';
import { outputCsv } from '../../../src/requests/output-csv.js';
import { inspectProductCsv, readProducts, type CsvProduct } from '../../../src/upload/product-csv.js';
import { RecordSplitter } from '../../../src/upload/csv-records.js';
import type { CsvEncoding } from '../../../src/upload/text-decoding.js';
import { LIMITS, source } from './csv-source.js';

const HEADER = ['Note', 'Product Name', 'Input Image Urls', 'Weight'];

/** What may stand in a cell: everything but NUL and halves of surrogate pairs. */
const anyText = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ' '));
const troublesome = fc.stringMatching(/^[ ",;|\t\r\nab]{0,12}$/);
const telling = fc.constantFrom(
  '__proto__',
  'constructor',
  '=1+1',
  '-5',
  "'",
  '\uFEFF',
  '\u202Egpj.exe',
  'sep=',
);
const unicodeText = fc.oneof(anyText, troublesome, telling);
const latinText = fc.oneof(fc.stringMatching(/^[ -~\xA0-\xFF]{0,20}$/), troublesome);

const url = fc.webUrl({ validSchemes: ['https'] }).map((text) => text.replaceAll(/[|,;]/g, '-'));
const urlCell = fc.array(url, { minLength: 1, maxLength: 3 });

/** Every way in which a spreadsheet saves text. */
const ENCODERS: Record<string, (text: string) => Buffer> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8 with a byte order mark': (text) => Buffer.from(`\uFEFF${text}`),
  'utf-16le': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'utf-16be': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
  'windows-1252': (text) => Buffer.from(text, 'latin1'),
};

const formats = Object.keys(ENCODERS).flatMap((encoding) =>
  [',', ';', '\t', '|'].flatMap((delimiter) =>
    ['\n', '\r\n', '\r'].map((newline) => ({ encoding, delimiter, newline })),
  ),
);

/** Rows as a spreadsheet has them, and how it writes them. */
const sheet = (isLatin: boolean) => {
  const text = isLatin ? latinText : unicodeText;
  return fc.record({
    // A lone é is what makes the bytes Windows-1252 and not UTF-8.
    rows: fc.array(fc.tuple(isLatin ? text.map((note) => `é ${note}`) : text, text, urlCell, text), {
      minLength: 1,
      maxLength: 8,
    }),
    quotes: fc.boolean(),
    separatorLine: fc.boolean(),
    isEnded: fc.boolean(),
    chunkBytes: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(65_536)),
  });
};

async function read(bytes: Buffer, chunkBytes: number) {
  const report = await inspectProductCsv(source(bytes, chunkBytes), LIMITS);
  expect(report.errors).toEqual([]);
  const products: CsvProduct[] = [];
  for await (const batch of readProducts(source(bytes, chunkBytes), report.format!, 1000))
    products.push(...batch);
  return { format: report.format!, products };
}

/** The records of a CSV, as any reader has them. */
function recordsOf(csv: string): string[][] {
  const splitter = new RecordSplitter(',');
  return [...splitter.push(csv), ...splitter.end()].map(({ cells }) => cells);
}

describe('a CSV that a spreadsheet has written', () => {
  it.each(formats)(
    'comes back as it was, and goes out again: $encoding, $delimiter, $newline',
    async ({ encoding, delimiter, newline }) => {
      await fc.assert(
        fc.asyncProperty(
          sheet(encoding === 'windows-1252'),
          async ({ rows, quotes, separatorLine, isEnded, chunkBytes }) => {
            const cells = rows.map(([note, name, urls, weight]) => [note, name, urls.join(', '), weight]);
            const text = Papa.unparse([HEADER, ...cells], { delimiter, newline, quotes });
            const begin = separatorLine ? `sep=${delimiter}${newline}` : '';
            const bytes = ENCODERS[encoding]!(begin + text + (isEnded ? newline : ''));
            const { format, products } = await read(bytes, chunkBytes);

            expect(format).toMatchObject({
              encoding: encoding.split(' ')[0] as CsvEncoding,
              delimiter,
              newline,
            });
            expect(format.columns.names).toEqual(HEADER);
            expect(products.map((product) => product.cells)).toEqual(cells);
            expect(products.map((product) => product.urls)).toEqual(rows.map(([, , urls]) => urls));

            const csv = outputCsv(format.columns.names, { columns: 'basic', bom: false, safeCells: false });
            const output = csv.header + products.map((product) => csv.record(product.cells, [])).join('');
            expect(recordsOf(output)).toEqual([
              [...HEADER, 'Output Image Urls'],
              ...cells.map((row) => row.concat('')),
            ]);
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  it('comes back in every letter of Windows-1252', async () => {
    const bytes = Buffer.concat([
      Buffer.from('Name,Image\n'),
      Buffer.from(Array.from({ length: 128 }, (_, n) => 128 + n)),
      Buffer.from(',https://a.example/1.jpg\n'),
    ]);
    const { products } = await read(bytes, 7);
    expect(products[0]!.productName).toMatch(/^€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ\xA0.*ÿ$/);
  });
});

it('any records that are written are read again, in any pieces', () => {
  const cell = fc.oneof(fc.string({ unit: 'binary' }), troublesome, telling);
  const records = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(records, fc.boolean(), fc.integer({ min: 1, max: 50 }), (given, quotes, length) => {
      const text = given.map((cells) => csvLine(cells, { safeCells: false, quotes })).join('');
      const splitter = new RecordSplitter(',');
      const found: string[][] = [];
      for (let at = 0; at < text.length; at += length)
        for (const record of splitter.push(text.slice(at, at + length))) found.push(record.cells);
      for (const record of splitter.end()) found.push(record.cells);
      // Records without any text are left out.
      expect(found).toEqual(given.filter((cells) => cells.some((one) => one.trim() !== '')));
    }),
    { numRuns: 500 },
  );
});
