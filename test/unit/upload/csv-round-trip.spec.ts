import * as fc from 'fast-check';
import Papa from 'papaparse';
import type { CsvEncoding } from '../../../src/upload/text-decoding.js';
import { productsOf } from './csv-source.js';

const HEADER = ['Note', 'Product Name', 'Input Image Urls'];

/** What may stand in a cell: everything but NUL and halves of surrogate pairs. */
const anyText = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ' '));
const troublesome = fc.stringMatching(/^[ ",;|\t\r\nab]{0,12}$/);
const unicodeText = fc.oneof(anyText, troublesome);
const latinText = fc.oneof(fc.stringMatching(/^[ -~\xA0-\xFF]{0,20}$/), troublesome);

const url = fc.webUrl({ validSchemes: ['https'] }).map((text) => text.replaceAll(/[|,;]/g, '-'));
const urlCell = fc.array(url, { minLength: 1, maxLength: 3 });

const ENCODERS: Record<CsvEncoding, (text: string) => Buffer> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-16le': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'utf-16be': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
  'windows-1252': (text) => Buffer.from(text, 'latin1'),
};

const formats = Object.keys(ENCODERS).flatMap((encoding) =>
  [',', ';', '\t', '|'].flatMap((delimiter) =>
    ['\n', '\r\n', '\r'].map((newline) => ({ encoding: encoding as CsvEncoding, delimiter, newline })),
  ),
);

describe('a CSV that was written by papaparse', () => {
  it.each(formats)(
    'comes back as it was: $encoding, $delimiter, $newline',
    async ({ encoding, delimiter, newline }) => {
      const isLatin = encoding === 'windows-1252';
      const text = isLatin ? latinText : unicodeText;
      const rows = fc.array(fc.tuple(text, text, urlCell), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(rows, async (given) => {
          // A lone é is what makes the bytes Windows-1252 and not UTF-8.
          const cells = given.map(([note, name, urls]) => [
            isLatin ? `é ${note}` : note,
            name,
            urls.join(', '),
          ]);
          const csv = Papa.unparse([HEADER, ...cells], { delimiter, newline });
          const products = await productsOf(ENCODERS[encoding](csv));
          expect(products.map((product) => product.cells)).toEqual(cells);
          expect(products.map((product) => product.urls)).toEqual(given.map(([, , urls]) => urls));
        }),
        { numRuns: 30 },
      );
    },
  );
});
