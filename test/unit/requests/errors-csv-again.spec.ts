import * as fc from 'fast-check';
import Papa from 'papaparse';
import { Readable } from 'node:stream';
import { errorsCsv } from '../../../src/requests/errors-csv.js';
import {
  inspectProductCsv,
  readProducts,
  type CsvProduct,
  type CsvReport,
} from '../../../src/upload/product-csv.js';

const LIMITS = { maxImages: 10_000, urls: { allowedPorts: [80, 443], allowPrivateAddresses: false } };

interface Upload {
  report: CsvReport;
  products: CsvProduct[];
}

/** What an upload makes of a file. */
async function upload(bytes: Buffer): Promise<Upload> {
  const open = (): Readable => Readable.from([bytes]);
  const report = await inspectProductCsv(open, LIMITS);
  const products: CsvProduct[] = [];
  if (report.format && report.errorCount === 0)
    for await (const batch of readProducts(open, report.format, 1000)) products.push(...batch);
  return { report, products };
}

/** The errors CSV of an upload in which those URLs failed for which `fails` says so. */
function errorsOf({ report, products }: Upload, fails: (url: string) => boolean, bom = false): string {
  const csv = errorsCsv(report.format!.columns, { bom, safeCells: false });
  const records = products.map(({ cells, urls }) => {
    const failed = urls.filter(fails);
    if (failed.length === 0) return '';
    return csv.record(
      cells,
      failed.map((url) => ({ url, code: 'http_404', detail: 'The host answered with status 404.' })),
    );
  });
  return csv.header + records.join('');
}

/** Everything that must be the same again; a serial number that the file lacks is the row's. */
const essence = ({ report, products }: Upload, fails: (url: string) => boolean) => {
  const { serialNumber, urls: urlColumns } = report.format!.columns;
  return products
    .map(({ productName, urls, cells }) => ({
      serialNumber: serialNumber === null ? null : cells[serialNumber],
      productName,
      urls: urls.filter(fails),
      others: report.format!.columns.names.flatMap((name, index) =>
        urlColumns.includes(index) || /^error/i.test(name) ? [] : [{ name, cell: cells[index] ?? '' }],
      ),
    }))
    .filter(({ urls }) => urls.length > 0);
};

/** Uploads the errors CSV of the file, and the errors CSV of that one, and expects to find what failed. */
async function expectSame(first: Upload, fails: (url: string) => boolean, bom = false): Promise<void> {
  const csv = errorsOf(first, fails, bom);
  const second = await upload(Buffer.from(csv));
  expect({ csv, errors: second.report.errors }).toEqual({ csv, errors: [] });
  expect(essence(second, () => true)).toEqual(essence(first, fails));
  // Whatever was failed fails again: nothing is left to change.
  expect(errorsOf(second, () => true, bom)).toBe(csv);
}

const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('', ' ', 'Note', 'Error Code', 'error_detail', 'GIF89a', '%PDF-1'),
  },
  fc.stringMatching(/^[ ",;|\tNameImageid\n']{0,16}$/),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replaceAll('\0', '')),
);
const cell = fc.oneof(
  fc.constantFrom('', 'Ünïcödé', 'https://shop.example/page', '=1+1', 'http_404', '007'),
  fc.stringMatching(/^[ ",;|\t\r\nab]{0,8}$/),
);
const url = fc.constantFrom(
  'https://a.example/0.jpg',
  'https://a.example/1,2.jpg',
  'https://a.example/red chair, small.jpg',
  'https://a.example/x;id=2?from=http://b.example/',
  'HTTP://a.example/3.jpg',
  'http:/a.example/4.jpg',
  'https:\\\\a.example\\5.jpg',
  'https://a.example/"6".jpg',
  'https://müller.example/7ß.jpg',
  'http:a.example/8.jpg',
);
const separator = fc.constantFrom('\n', '|', ' | ', '\r\n', ', ', ',', ';', ' ');
const urlCell = fc
  .array(fc.tuple(url, separator), { minLength: 0, maxLength: 4 })
  .map((urls) => urls.flat().slice(0, -1).join(''));

const catalogue = fc
  .record({
    nameColumn: fc.constantFrom('Product Name', 'sku', 'Title'),
    serialColumn: fc.constantFrom(['S. No.'], ['id'], []),
    urlColumns: fc.constantFrom(['Input Image Urls'], ['Image 1', 'Image 2'], ['image', 'Image', 'IMAGE 3']),
    further: fc.array(name, { maxLength: 5 }),
  })
  .chain(({ nameColumn, serialColumn, urlColumns, further }) => {
    const columns = [
      { name: nameColumn, cell },
      ...serialColumn.map((one) => ({ name: one, cell })),
      ...further.map((one) => ({ name: one, cell })),
      ...urlColumns.map((one) => ({ name: one, cell: urlCell })),
    ];
    return fc.shuffledSubarray(columns, { minLength: columns.length }).chain((shuffled) =>
      fc.record({
        header: fc.constant(shuffled.map((column) => column.name)),
        rows: fc.array(fc.tuple(...shuffled.map((column) => column.cell)), { minLength: 1, maxLength: 4 }),
        overflow: fc.array(url, { maxLength: 2 }),
        delimiter: fc.constantFrom(',', ';', '\t', '|'),
        encoding: fc.constantFrom('utf8' as const, 'utf16le' as const),
      }),
    );
  });

it('reads from an errors CSV what it read from the input, whatever that was', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      catalogue,
      fc.func(fc.boolean()),
      fc.boolean(),
      async ({ header, rows, overflow, delimiter, encoding }, fails, bom) => {
        const text = Papa.unparse([header, ...rows.map((row) => [...row, ...overflow])], { delimiter });
        const first = await upload(Buffer.from(`\uFEFF${text}`, encoding));
        if (!first.products.some(({ urls }) => urls.some(fails))) return;
        accepted += 1;
        await expectSame(first, fails, bom);
      },
    ),
    { numRuns: 600 },
  );
  expect(accepted).toBeGreaterThan(100);
});

describe('an errors CSV can be uploaded', () => {
  const fails = (): boolean => true;
  const expectAgain = async (text: string): Promise<void> => {
    const first = await upload(Buffer.from(text));
    expect(first.report.errors).toEqual([]);
    await expectSame(first, fails);
  };
  const longUrls = (count: number, length: number): string[] =>
    Array.from({ length: count }, (_, n) => `https://shop.example/${n}/`.padEnd(length, 'x'));

  it('when another delimiter is found in a name of its header', () =>
    expectAgain('"a;Name;Image;id;b;c;d",Name,Image\nx,SKU1,https://shop.example/1.jpg\n'));

  it('when its first column is called like the beginning of a GIF', () =>
    expectAgain('\uFEFFGIF89a,Name,Image\nx,SKU1,https://shop.example/1.jpg\n'));

  it('when it has a thousand columns besides its own', () =>
    expectAgain(`Name,Image${',c'.repeat(998)}\nSKU1,https://shop.example/1.jpg\n`));

  it('when a row has more URLs than one cell can hold', () =>
    expectAgain(
      `Name,Image 1,Image 2,Note\nSKU1,"${longUrls(16, 4000).join()}","${longUrls(16, 3900).join()}",note\n`,
    ));

  it('when a row has more URLs than its columns can hold', () =>
    expectAgain(`Name,Image\nSKU1,${longUrls(250, 4096).join()}\n`));

  it('when a row is as long as a row can be', async () => {
    const note = 'x'.repeat(65_535);
    // Each cell counts one more than its characters: 31 notes, then what is left of 2,097,152.
    const row = (last: number): string => {
      const urls = longUrls(20, 1000);
      const rest = 2_097_152 - 31 * 65_536 - 20 * 1001 - 5;
      return `SKU1,${urls.join()},${`${note},`.repeat(31)}${'x'.repeat(rest - 1 + last)}`;
    };
    const images = Array.from({ length: 20 }, (_, n) => `Image ${n + 1}`).join();
    const header = `Name,${images}${',n'.repeat(32)}${',m'.repeat(900)}\n`;
    await expectAgain(header + row(0));
    const { report } = await upload(Buffer.from(header + row(1)));
    expect(report.errors).toMatchObject([{ code: 'field_too_long', line: 2, column: 'n' }]);
  });
});
