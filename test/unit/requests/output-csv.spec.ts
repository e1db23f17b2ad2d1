import fc from 'fast-check';
import Papa from 'papaparse';
import { errorsCsv } from '../../../src/requests/errors-csv.js';
import { RecordSplitter } from '../../../src/upload/csv-records.js';
import { outputCsv, type OutputImage } from '../../../src/requests/output-csv.js';

const CLASSIC = ['S. No.', 'Product Name', 'Input Image Urls'];
const BASIC = { columns: 'basic', bom: false, safeCells: false } as const;
const EXTENDED = { ...BASIC, columns: 'extended' } as const;
const SAFE = { ...BASIC, safeCells: true } as const;

const none = { outputUrl: null, errorCode: null, originalSize: null, compressedSize: null };
const completed = (outputUrl: string, originalSize = 100, compressedSize = 40): OutputImage => ({
  ...none,
  status: 'completed',
  outputUrl,
  originalSize,
  compressedSize,
});
const failed = (errorCode: OutputImage['errorCode']): OutputImage => ({
  ...none,
  status: 'failed',
  errorCode,
});
const pending: OutputImage = { ...none, status: 'pending' };
const cancelled: OutputImage = { ...none, status: 'cancelled' };

const cellsOf = (csv: string): string[][] => Papa.parse<string[]>(csv.trimEnd()).data;

describe('the output CSV', () => {
  it('has the input columns and the output URLs', () => {
    const csv = outputCsv(CLASSIC, BASIC);
    expect(csv.header).toBe('S. No.,Product Name,Input Image Urls,Output Image Urls\r\n');
    expect(csv.record(['1', 'SKU1', 'u1'], [completed('o1')])).toBe('1,SKU1,u1,o1\r\n');
  });

  it('keeps further columns, their order and their text', () => {
    const csv = outputCsv(['Colour', 'image', 'Name', ' Empty '], BASIC);
    expect(csv.header).toBe('Colour,image,Name," Empty ",Output Image Urls\r\n');
    expect(csv.record(['  röd ', 'u1', '007', ''], [completed('o1')])).toBe('"  röd ",u1,007,,o1\r\n');
  });

  it('answers the n-th input URL with the n-th output URL', () => {
    const csv = outputCsv(CLASSIC, BASIC);
    const urls = (...images: OutputImage[]) => cellsOf(csv.record(['1', 'a', 'u'], images))[0]!.at(-1);
    expect(urls(completed('u1'), failed('http_404'), completed('u3'))).toBe('u1,,u3');
    expect(urls(failed('timeout'), completed('u2'))).toBe(',u2');
    expect(urls(pending, cancelled, failed('timeout'))).toBe(',,');
    expect(urls(failed('timeout'))).toBe('');
  });

  it('fills a row that is shorter than the header', () => {
    expect(outputCsv(CLASSIC, BASIC).record(['1'], [completed('o1')])).toBe('1,,,o1\r\n');
  });

  it('keeps a name that begins like a byte order mark', () => {
    const csv = outputCsv(['\uFEFFx', 'y'], BASIC);
    expect(new TextDecoder().decode(Buffer.from(csv.header))).toBe('"\uFEFFx",y,Output Image Urls\r\n');
  });

  it('begins with a byte order mark when asked to, and only the header does', () => {
    const csv = outputCsv(CLASSIC, { ...BASIC, bom: true });
    expect(csv.header).toBe('\uFEFFS. No.,Product Name,Input Image Urls,Output Image Urls\r\n');
    expect(csv.record(['1', 'a', 'u'], [completed('o')])).toBe('1,a,u,o\r\n');
  });
});

describe('quoting', () => {
  it.each([
    ['a comma', 'a,b', '"a,b"'],
    ['a quote', 'say "hi"', '"say ""hi"""'],
    ['a line feed', 'a\nb', '"a\nb"'],
    ['a carriage return', 'a\rb', '"a\rb"'],
    ['a space at its end', 'a ', '"a "'],
    ['nothing special', "a;b\t'c'", "a;b\t'c'"],
  ])('follows RFC 4180 for %s', (_what, cell, written) => {
    const csv = outputCsv(['x', 'y'], BASIC);
    expect(csv.record([cell, 'y'], [completed('o')])).toBe(`${written},y,o\r\n`);
  });

  it('covers the header too', () => {
    expect(outputCsv(['a,b', 'c"d'], BASIC).header).toBe('"a,b","c""d",Output Image Urls\r\n');
  });

  it('carries over any text', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\r', '\n', ';', '=', 'ü', "'") });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 3, maxLength: 3 }), (cells) => {
        const csv = outputCsv(['a', 'b', 'c'], BASIC);
        const read = Papa.parse<string[]>(csv.header + csv.record(cells, [completed('o')]), {
          delimiter: ',',
          newline: '\r\n',
        }).data;
        expect(read[1]).toEqual([...cells, 'o']);
      }),
    );
  });
});

describe('an input column for output URLs', () => {
  it.each(['Output Image Urls', ' output_image-URLS ', 'OutputImageUrls'])(
    'called %j is replaced',
    (name) => {
      const csv = outputCsv(['Name', name, 'Images'], BASIC);
      expect(csv.header).toBe('Name,Output Image Urls,Images\r\n');
      expect(csv.record(['a', 'old', 'u'], [completed('new')])).toBe('a,new,u\r\n');
    },
  );

  it('is written once when the input has it twice', () => {
    const csv = outputCsv(['Output Image Urls', 'Name', 'output image urls'], BASIC);
    expect(csv.header).toBe('Name,Output Image Urls\r\n');
    expect(csv.record(['old', 'a', 'older'], [completed('new')])).toBe('a,new\r\n');
  });

  it('is not one that is only similar', () => {
    expect(outputCsv(['Output Image Url', 'Status'], BASIC).header).toBe(
      'Output Image Url,Status,Output Image Urls\r\n',
    );
  });
});

describe('the extended columns', () => {
  const csv = outputCsv(['Name'], EXTENDED);
  const extended = (...images: OutputImage[]) => cellsOf(csv.record(['a'], images))[0]!.slice(2);

  it('follow the output URLs', () => {
    expect(csv.header).toBe('Name,Output Image Urls,Status,Error Codes,Original Bytes,Compressed Bytes\r\n');
  });

  it('leave a column of the input alone that has the same name', () => {
    const shop = outputCsv(['Status', 'Images'], EXTENDED);
    expect(shop.record(['active', 'u'], [completed('o', 10, 4)])).toBe('active,u,o,completed,,10,4\r\n');
  });

  it('sum the bytes of the completed images', () => {
    expect(extended(completed('a', 100, 40), failed('http_404'), completed('b', 50, 20))).toEqual([
      'failed',
      ',http_404,',
      '150',
      '60',
    ]);
  });

  it('are empty where there is nothing to tell', () => {
    expect(extended(completed('a', 100, 40), completed('b', 1, 1))).toEqual(['completed', '', '101', '41']);
    expect(extended(pending)).toEqual(['pending', '', '', '']);
  });

  it('tell each error at its position', () => {
    expect(extended(failed('timeout'), pending, failed('corrupt_image'))[1]).toBe('timeout,,corrupt_image');
  });

  it.each<[string, OutputImage[]]>([
    ['completed', [completed('a'), completed('b')]],
    ['failed', [completed('a'), failed('timeout')]],
    ['failed', [failed('timeout')]],
    ['pending', [completed('a'), failed('timeout'), pending]],
    ['cancelled', [completed('a'), failed('timeout'), cancelled]],
  ])('give a product the status %s of %j', (status, images) => {
    expect(extended(...images)[0]).toBe(status);
  });
});

/** What OWASP and spreadsheets call the beginning of a formula, letter by letter; a number with its sign is none. */
function isRun(cell: string): boolean {
  if (cell !== '' && '\t\r\n'.includes(cell[0]!)) return true;
  const first = Array.from(cell).find((letter) => !/[\s\u200B\u200E\u202E\u2060\uFEFF\u00AD]/.test(letter));
  const isNumber = /^[+-]?[0-9]+([.][0-9]+)?$/.test(cell.replaceAll(' ', '')) && !/\S +\S/.test(cell);
  return first !== undefined && '=+-@＝＋－＠'.includes(first) && !isNumber;
}

const formulaLike = fc
  .array(
    fc.constantFrom(
      '=',
      '+',
      '-',
      '@',
      '＝',
      '＋',
      '－',
      '＠',
      '\t',
      '\r',
      '\n',
      ' ',
      '\uFEFF',
      '\u200B',
      '\u202E',
      '\u00AD',
      '"',
      ',',
      ';',
      "'",
      '5',
      '.2',
      'A1',
      'cmd|',
    ),
    { maxLength: 6 },
  )
  .map((letters) => letters.join(''))
  // A record without any text is no row of a table.
  .map((cell) => (cell.trim() === '' ? `${cell}x` : cell));

const outputFile = (cells: string[], bom: boolean, safeCells: boolean): string[][] => {
  const csv = outputCsv(cells, { ...BASIC, bom, safeCells });
  return recordsOf(csv.header + csv.record(cells, [completed('o')]));
};

const errorsFile = (cells: string[], bom: boolean, safeCells: boolean): string[][] => {
  const columns = { names: cells, serialNumber: null, productName: 0, urls: [] };
  const csv = errorsCsv(columns, { bom, safeCells });
  return recordsOf(csv.header + csv.record(cells, [{ url: '', code: 'timeout', detail: null }]));
};

/** The cells of a file as a spreadsheet finds them, which drops a byte order mark. */
function recordsOf(csv: string): string[][] {
  const splitter = new RecordSplitter(',');
  const text = new TextDecoder().decode(Buffer.from(csv));
  return [...splitter.push(text), ...splitter.end()].map(({ cells }) => cells);
}

describe('safe cells', () => {
  const written = (cell: string) =>
    cellsOf(outputCsv(['x', 'y'], SAFE).record([cell, 'y'], [completed('o')]))[0]![0];

  it.each([
    '=1+1',
    '+cmd',
    '-2+3',
    '@SUM(A1)',
    '\t=1',
    '\n=1',
    '＝1',
    '+',
    '-',
    '+49 170 1',
    '-1e',
    ' =1',
    '\u200B=1',
    '\uFEFF=1',
    '\t5',
    '\n-5',
    '\r',
    '- 5',
    '-5\n',
  ])('disarm %j', (cell) => {
    expect(written(cell)).toBe(`'${cell}`);
  });

  it.each(['a=1', '', '-5', '+4.20', '0', ' -5 ', "'=1", '5-3', ' ', '\u200B'])('leave %j alone', (cell) => {
    expect(written(cell)).toBe(cell);
  });

  it('cover the header', () => {
    expect(outputCsv(['=x'], SAFE).header).toBe(`"'=x",Output Image Urls\r\n`);
  });

  it('are safe inside quotes too', () => {
    expect(outputCsv(['x'], SAFE).record(['=a,"b"'], [completed('o')])).toBe(`"'=a,""b""",o\r\n`);
  });

  it('are safe behind what a reader takes for a byte order mark', () => {
    const header = outputCsv(['\uFEFF=1+1', 'Name'], SAFE).header;
    expect(header).toBe(`"'\uFEFF=1+1",Name,Output Image Urls\r\n`);
  });

  it.each([
    ['output', outputFile],
    ['errors', errorsFile],
  ] as const)('are all cells of the %s CSV, whatever was in them', (_name, write) => {
    fc.assert(
      fc.property(fc.array(formulaLike, { minLength: 3, maxLength: 3 }), fc.boolean(), (cells, bom) => {
        const given = [cells, cells];
        const plain = write(cells, bom, false).map((row) => row.slice(0, 3));
        const safe = write(cells, bom, true).map((row) => row.slice(0, 3));
        expect(plain).toEqual(given);
        expect(safe.flat().filter((cell) => isRun(cell))).toEqual([]);
        // Nothing but the one character is added, and only where it must be.
        expect(safe).toEqual(given.map((row) => row.map((cell) => (isRun(cell) ? `'${cell}` : cell))));
      }),
      { numRuns: 500 },
    );
  });

  it('are made only when asked for', () => {
    expect(outputCsv(['x'], BASIC).record(['=1+1'], [completed('o')])).toBe('=1+1,o\r\n');
  });
});
