import Papa from 'papaparse';
import type { CsvColumns } from '../../../src/requests/csv-columns.js';
import { errorsCsv, type FailedImage } from '../../../src/requests/errors-csv.js';

const PLAIN = { bom: false, safeCells: false };
const CLASSIC: CsvColumns = {
  names: ['S. No.', 'Product Name', 'Input Image Urls'],
  serialNumber: 0,
  productName: 1,
  urls: [2],
};
const A = 'https://shop.example/a.jpg';
const B = 'https://shop.example/b.jpg';

const missing = (url: string): FailedImage => ({
  url,
  code: 'http_404',
  detail: 'The host answered with status 404.',
});
const late = (url: string): FailedImage => ({
  url,
  code: 'timeout',
  detail: 'The host did not answer in time.',
});
const withNames = (...names: string[]): CsvColumns => ({ ...CLASSIC, names });
const headerOf = (columns: CsvColumns): string => errorsCsv(columns, PLAIN).header;
const cellsOf = (csv: string): string[] => Papa.parse<string[]>(csv.trimEnd(), { delimiter: ',' }).data[0]!;

describe('the errors CSV', () => {
  it('has the input columns with the failed URLs, and why they failed', () => {
    const csv = errorsCsv(CLASSIC, PLAIN);
    expect(csv.header).toBe('S. No.,Product Name,Input Image Urls,Error Code,Error Detail\r\n');
    expect(csv.record(['1', 'SKU1', `${A},https://shop.example/good.jpg,${B}`], [missing(A), late(B)])).toBe(
      `1,SKU1,"${A},${B}","http_404,timeout",` +
        'The host answered with status 404. | The host did not answer in time.\r\n',
    );
  });

  it('keeps further columns, their order and their text', () => {
    const columns = { names: ['Colour', 'Image', '', 'Name'], serialNumber: null, productName: 3, urls: [1] };
    const csv = errorsCsv(columns, PLAIN);
    expect(csv.header).toBe('Colour,Image,,Name,Error Code,Error Detail\r\n');
    const cells = [' röd ', A, 'say "hi",\r\nthen go', '007'];
    expect(cellsOf(csv.record(cells, [missing(A)])).slice(0, 4)).toEqual(cells);
    expect(cells).toEqual([' röd ', A, 'say "hi",\r\nthen go', '007']);
  });

  it('has the failed URLs of several columns in the first', () => {
    const columns = {
      names: ['Name', 'Image 1', 'Image 2'],
      serialNumber: null,
      productName: 0,
      urls: [1, 2],
    };
    const record = errorsCsv(columns, PLAIN).record(['a', `${A}|x`, B], [missing(A), missing(B)]);
    expect(cellsOf(record).slice(0, 4)).toEqual(['a', `${A},${B}`, '', 'http_404,http_404']);
  });

  it('parts a URL from the one before by a bar when a comma would not do', () => {
    const urls = [
      A,
      'http:/shop.example/b.jpg',
      'HTTPS:\\\\shop.example\\c.jpg',
      'HTTP://shop.example/d.jpg',
    ];
    const record = errorsCsv(CLASSIC, PLAIN).record(['1', 'a', urls.join('\n')], urls.map(missing));
    expect(cellsOf(record)[2]).toBe(`${urls.slice(0, 3).join('|')},${urls[3]}`);
  });

  it('goes on in the next image column, and then beyond the header, when a cell is full', () => {
    const columns = {
      names: ['Name', 'Image 1', 'Note', 'Image 2'],
      serialNumber: null,
      productName: 0,
      urls: [1, 3],
    };
    const urls = Array.from({ length: 50 }, (_, n) => `https://shop.example/${n}-${'x'.repeat(4000)}`);
    const cells = cellsOf(errorsCsv(columns, PLAIN).record(['a', 'u', 'note', 'u'], urls.map(missing)));
    expect(cells).toHaveLength(8);
    expect(cells.map((cell) => cell.length).filter((length) => length > 65_536)).toEqual([]);
    expect([cells[1], cells[3], cells[6], cells[7]].join(',').split(',')).toEqual(urls);
    expect(cells[2]).toBe('note');
  });

  it('begins with a byte order mark, and disarms formulas, when asked to', () => {
    expect(errorsCsv(CLASSIC, { ...PLAIN, bom: true }).header).toMatch(/^\uFEFFS\. No\.,/);
    const csv = errorsCsv(withNames('=Name', 'SKU', 'Image'), { bom: false, safeCells: true });
    expect(cellsOf(csv.header)[0]).toBe(`'=Name`);
    expect(cellsOf(csv.record(['@a', '-5', A], [missing(A)])).slice(0, 3)).toEqual([`'@a`, '-5', A]);
    expect(errorsCsv(CLASSIC, PLAIN).record(['@a', '-5', A], [missing(A)])).toMatch(/^@a,-5,/);
  });

  it.each(['a;b', 'a|b', 'a\tb', '%PDF-1.7', 'GIF89a'])(
    'puts a header with %j in quotes, so that it is taken for nothing else',
    (name) => {
      expect(headerOf(withNames(name, 'Name', 'Image'))).toBe(
        `"${name}","Name","Image","Error Code","Error Detail"\r\n`,
      );
    },
  );
});

describe('the errors CSV of an errors CSV', () => {
  it('has the error columns once, where they stand', () => {
    const csv = errorsCsv({ ...withNames('error_detail', 'Name', 'Image', 'ERROR CODE', 'Note') }, PLAIN);
    expect(csv.header).toBe('Error Detail,Name,Image,Error Code,Note\r\n');
    const record = csv.record(['old', 'a', 'u', 'older', 'note'], [missing(A)]);
    expect(record).toBe(`The host answered with status 404.,a,${A},http_404,note\r\n`);
  });

  it('never ends with a column without a name', () => {
    const names = ['Error Code', 'Error Detail', 'Image', 'Name', '', 'Error Code'];
    const csv = errorsCsv({ names, serialNumber: null, productName: 3, urls: [2] }, PLAIN);
    expect(csv.header).toBe('Error Detail,Image,Name,,Error Code\r\n');
  });
});
