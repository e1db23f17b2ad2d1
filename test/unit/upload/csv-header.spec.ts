import { findHeaderWarnings, readHeader } from '../../../src/upload/csv-header.js';
import type { CsvRecord } from '../../../src/upload/csv-records.js';

const record = (...cells: string[]): CsvRecord => ({ line: 3, cells, size: 1 });
const headerOf = (...cells: string[]) => readHeader(record(...cells));

describe('readHeader', () => {
  it.each(['S. No.', 'S.No.', 's. no', 'Sr. No', 'Serial Number', 'SERIAL_NUMBER', 'ID', 'No.'])(
    'takes %j for the serial number',
    (name) => {
      expect(headerOf('Product Name', name, 'Image')).toMatchObject({ serialNumber: 1 });
    },
  );

  it.each(['Product Name', 'product-name', ' Product ', 'Name', 'Title', 'SKU', 'Handle'])(
    'takes %j for the product name',
    (name) => {
      expect(headerOf('Image', name)).toMatchObject({ productName: 1, serialNumber: null });
    },
  );

  it.each([
    'Input Image Urls',
    'Input Image URL',
    'Image URLs',
    'image_url',
    'Images',
    'Image',
    'Image Src',
    'URLs',
    'url',
    'Image 1',
  ])('takes %j for image URLs', (name) => {
    expect(headerOf('Name', name)).toMatchObject({ urls: [1] });
  });

  it('keeps the text of the names', () => {
    expect(headerOf(' S. No. ', 'Product  Name', 'Images')).toMatchObject({
      names: [' S. No. ', 'Product  Name', 'Images'],
    });
  });

  it.each([
    { cells: ['ID', 'S. No.', 'Name', 'Image'], expected: { serialNumber: 1 } },
    { cells: ['SKU', 'Handle', 'Title', 'Image'], expected: { productName: 2 } },
    { cells: ['Name', 'URL', 'Image', 'Image URL'], expected: { urls: [3] } },
    { cells: ['Name', 'Image 1', 'Images', 'Image 2'], expected: { urls: [2] } },
  ])('prefers the earlier synonym in $cells', ({ cells, expected }) => {
    expect(headerOf(...cells)).toMatchObject(expected);
  });

  it('reads several image columns in their order', () => {
    expect(headerOf('Image 2', 'Name', 'Image', 'Image 10', 'Image')).toMatchObject({ urls: [0, 2, 3, 4] });
    expect(headerOf('Name', 'image_url_1', 'Image URL 2', 'image_alt_1')).toMatchObject({ urls: [1, 2] });
  });

  it.each([
    { cells: ['Name', 'Image Src', 'Image 2'], unread: ['Image Src'] },
    { cells: ['Name', 'Image 1', 'Images', 'Image 2'], unread: ['Image 1', 'Image 2'] },
    { cells: ['Name', 'Image 1', 'Image 2'], unread: [] },
    { cells: ['Handle', 'Image Src', 'Image Position', 'Image Alt Text', 'Variant Image'], unread: [] },
    { cells: ['Name', 'Image', 'URL', 'Output Image Urls'], unread: [] },
  ])('warns of the image columns in $cells that are not read', ({ cells, unread }) => {
    const columns = headerOf(...cells);
    if (Array.isArray(columns)) throw new Error('no usable header');
    const warnings = findHeaderWarnings(record(...cells), columns);
    expect(warnings).toMatchObject(
      unread.map((column) => ({ code: 'image_column_unread', line: 3, column })),
    );
    expect(warnings).toHaveLength(unread.length);
  });

  it('leaves out empty cells at the end, as spreadsheets fill them in', () => {
    expect(headerOf('Name', '', 'Image', '', ' ')).toMatchObject({ names: ['Name', '', 'Image'] });
  });

  it.each(['__proto__', 'constructor', 'toString'])('takes %s for a name like others', (name) => {
    expect(headerOf(name, 'Name', 'Image')).toMatchObject({
      names: [name, 'Name', 'Image'],
      serialNumber: null,
      productName: 1,
      urls: [2],
    });
  });

  it('tells each column that is missing, what it may be called and what there is', () => {
    const faults = headerOf('Artikel', 'Foto');
    expect(faults).toMatchObject([
      { code: 'header_missing', line: 3, column: null, value: 'Artikel, Foto' },
      { code: 'header_missing', line: 3, column: null, value: 'Artikel, Foto' },
    ]);
    expect(JSON.stringify(faults)).toContain('called Product Name');
    expect(JSON.stringify(faults)).toContain('called Input Image Urls');
  });

  it.each([
    { cells: ['Product Name', 'product_name', 'Image'], column: 'product_name' },
    { cells: ['S. No.', 'Name', 'Image', 'SNO'], column: 'SNO' },
  ])('tells a second $column', ({ cells, column }) => {
    expect(headerOf(...cells)).toMatchObject([{ code: 'header_ambiguous', line: 3, column }]);
  });

  it('cuts a name of any length, wherever it is told', () => {
    const name = `${' '.repeat(60_000)}Name`;
    expect(JSON.stringify(headerOf('Name', name, 'Image')).length).toBeLessThan(1000);
  });

  it('does not mind two columns that are not used', () => {
    expect(headerOf('Product Name', 'Title', 'Title', 'Image')).toMatchObject({ productName: 0 });
  });

  it.each(['Name 2', 'Nr. Name', '画像 Name', 'Image Name'])('takes no part of %j for a name', (name) => {
    expect(headerOf(name, 'Image')).toMatchObject([{ code: 'header_missing' }]);
  });

  it('refuses more columns than any table has', () => {
    const cells = ['Name', 'Image', ...Array.from({ length: 999 }, (_, n) => `c${n}`)];
    expect(headerOf(...cells)).toMatchObject([{ code: 'overflow_cells', line: 3 }]);
    expect(headerOf(...cells.slice(0, 1000))).toMatchObject({ urls: [1] });
  });

  it('refuses a million columns without a look at each', () => {
    const cells = Array.from({ length: 1_000_000 }, () => 'a\0');
    expect(readHeader({ line: 1, cells, size: 1 })).toMatchObject([
      { code: 'overflow_cells', message: expect.stringContaining('1000000 columns') },
    ]);
  });

  it('does not count the two columns that an errors CSV adds', () => {
    const cells = ['Name', 'Image', ...Array.from({ length: 998 }, (_, n) => `c${n}`)];
    expect(headerOf(...cells, 'Error Code', 'Error Detail')).toMatchObject({ urls: [1] });
    expect(headerOf(...cells, 'Error Code', 'Error Detail', 'Error Code')).toMatchObject([
      { code: 'overflow_cells' },
    ]);
  });

  it('refuses a NUL in it', () => {
    expect(headerOf('Name', 'Ima\0ge')).toMatchObject([{ code: 'invalid_character', line: 3 }]);
  });
});
