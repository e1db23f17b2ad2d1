import { Readable } from 'node:stream';
import {
  inspectProductCsv,
  NotText,
  readProducts,
  TooManyImages,
  type CsvProduct,
} from '../../../src/upload/product-csv.js';
import { errorsOf, fixture, inspect, LIMITS, productsOf, source } from './csv-source.js';

const HEADER = 'S. No.,Product Name,Input Image Urls';
const URL_1 = 'https://a.example/1.jpg';
const URL_2 = 'https://b.example/2.jpg';

function openFailing(): Readable {
  return Readable.from(
    (function* () {
      yield Buffer.from(`${HEADER}\n`);
      throw new Error('disk gone');
    })(),
  );
}

/** The row numbers in each batch. */
async function batchesOf(csv: string, batchImages: number): Promise<number[][]> {
  const { format } = await inspect(csv);
  const batches: CsvProduct[][] = [];
  for await (const batch of readProducts(source(csv), format!, batchImages)) batches.push(batch);
  return batches.map((batch) => batch.map(({ row }) => row));
}

describe('inspectProductCsv', () => {
  it('counts products and images of the classic CSV and tells its format', async () => {
    expect(await inspect(fixture('classic.csv'))).toEqual({
      format: {
        encoding: 'utf-8',
        delimiter: ',',
        newline: '\n',
        columns: {
          names: ['S. No.', 'Product Name', 'Input Image Urls'],
          serialNumber: 0,
          productName: 1,
          urls: [2],
        },
      },
      productCount: 2,
      imageCount: 5,
      warnings: [],
      errors: [],
      errorCount: 0,
    });
  });

  it('skips blank lines, also before the header, and still tells physical lines', async () => {
    expect(await errorsOf(`\n\n${HEADER}\r\n\r\n1,A,"${URL_1}\n${URL_2}"\n,,\n2,B,\n`)).toEqual([
      { code: 'url_missing', line: 8, column: 'Input Image Urls' },
    ]);
  });

  it('takes the delimiter from a first line sep=', async () => {
    const csv = `sep=;\r\nProduct Name;Image\r\nChair, red;${URL_1}\r\nTable;\r\n`;
    expect(await inspect(csv)).toMatchObject({ format: { delimiter: ';', columns: { urls: [1] } } });
    expect(await errorsOf(csv)).toEqual([{ code: 'url_missing', line: 4, column: 'Image' }]);
  });

  it('gives the same report however the bytes are cut', async () => {
    const rows = Array.from({ length: 2000 }, (_, n) =>
      n % 3 === 0 ? `${n},"Stühle\r\n""${n}"" 🪑",${URL_1},${URL_2}\r\n` : `${n},,not a url ${n}\n`,
    );
    const bytes = Buffer.from(`${HEADER}\r\n${rows.join('')}`);
    const [whole, ...others] = await Promise.all(
      [bytes.length, 65_536, 7, 1].map((size) => inspectProductCsv(source(bytes, size), LIMITS)),
    );
    expect(whole).toMatchObject({ productCount: 2000, imageCount: 2667, errorCount: 1333 });
    expect(whole!.errors.at(-1)).toMatchObject({ line: 1 + 2 * 50 + 100 });
    for (const other of others) expect(other).toEqual(whole);
  });

  it('reads a file that is larger than a block, with lines to the end', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `${n},A,${URL_1}\n`).join('');
    expect(await inspect(`${HEADER}\n${rows}1,A,x\n`, { ...LIMITS, maxImages: 30_000 })).toMatchObject({
      productCount: 20_001,
      errors: [{ line: 20_002 }],
    });
  });

  it('warns of an image column that is not read', async () => {
    const report = await inspect(`Name,Image Src,Image 1\nA,x,${URL_1}\n`);
    expect(report).toMatchObject({
      errors: [],
      warnings: [{ code: 'image_column_unread', line: 1, column: 'Image Src' }],
    });
  });

  it('passes on what goes wrong with the stream', async () => {
    await expect(inspectProductCsv(openFailing, LIMITS)).rejects.toThrow('disk gone');
  });

  it('closes every stream it opens, also when it stops early', async () => {
    const streams: Readable[] = [];
    const open = source(Buffer.from(`Artikel\n${'x\n'.repeat(100_000)}`), 1000);
    const report = await inspectProductCsv(() => streams[streams.push(open()) - 1]!, LIMITS);
    expect(report).toMatchObject({ format: null, productCount: 0, errorCount: 2 });
    expect(streams.map((stream) => stream.destroyed)).toEqual([true, true]);
  });

  it.each([
    ['in UTF-8', 'é', Buffer.from(`${HEADER}\n1,é,${URL_1}\n`), 'utf-8'],
    ['in UTF-8 with a byte order mark', 'é', Buffer.from(`\uFEFF${HEADER}\n1,é,${URL_1}\n`), 'utf-8'],
    ['in UTF-16', 'é', Buffer.from(`\uFEFF${HEADER}\n1,é,${URL_1}\n`, 'utf16le'), 'utf-16le'],
    [
      'in big-endian UTF-16',
      'é',
      Buffer.from(`\uFEFF${HEADER}\n1,é,${URL_1}\n`, 'utf16le').swap16(),
      'utf-16be',
    ],
  ])('reads a CSV %s', async (_, productName, bytes, encoding) => {
    expect(await inspect(bytes)).toMatchObject({ format: { encoding }, warnings: [], errors: [] });
    expect(await productsOf(bytes)).toMatchObject([{ productName }]);
  });

  it('takes what is not UTF-8 for Windows-1252, and says so', async () => {
    // The first block is pure ASCII, so that the choice falls while reading.
    const ascii = `${HEADER}\n${`1,A,${URL_1}\n`.repeat(3000)}`;
    const bytes = Buffer.concat([
      Buffer.from(`${ascii}2,caf`),
      Buffer.of(0xe9, 0x80),
      Buffer.from(`,${URL_1}\n`),
    ]);
    expect(await inspect(bytes)).toMatchObject({
      format: { encoding: 'windows-1252' },
      productCount: 3001,
      imageCount: 3001,
      warnings: [{ code: 'encoding_assumed', line: null, column: null }],
      errors: [],
    });
    expect((await productsOf(bytes)).at(-1)).toMatchObject({ productName: 'café€' });
  });

  it('tells where a file breaks the encoding that its byte order mark names', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`\uFEFF${HEADER}\n1,caf`),
      Buffer.of(0xe9),
      Buffer.from(`,${URL_1}\n`),
    ]);
    expect(await inspect(bytes)).toMatchObject({
      format: { encoding: 'utf-8' },
      warnings: [],
      errors: [{ code: 'invalid_character', line: 2, column: 'Product Name', value: 'caf\uFFFD' }],
    });
  });

  it('throws on a workbook and on too many images', async () => {
    await expect(inspect(Buffer.from('PK\x03\x04...'))).rejects.toThrow(NotText);
    const csv = `${HEADER}\n1,A,"${URL_1},${URL_2}"\n2,B,${URL_1}\n`;
    await expect(inspect(csv, { ...LIMITS, maxImages: 2 })).rejects.toThrow(TooManyImages);
    expect(await inspect(csv, { ...LIMITS, maxImages: 3 })).toMatchObject({ imageCount: 3 });
  });
});

describe('an error of the CSV', () => {
  const long = 'x'.repeat(65_537);
  const column = 'Input Image Urls';

  it.each([
    ['header_missing', `No.,Product Name,Foto\n1,A,${URL_1}\n`, 1, null],
    ['header_ambiguous', `Product Name,Product name,Image\nA,B,${URL_1}\n`, 1, 'Product name'],
    ['no_rows', `\n${HEADER}\n\n`, 2, null],
    ['no_rows', '', 1, null],
    ['no_rows', '\uFEFF\r\n', 1, null],
    ['row_too_short', `${HEADER}\n1,A\n`, 2, column],
    ['row_too_short', `Image,Product Name,ID\n${URL_1}\n`, 2, 'ID'],
    ['overflow_cells', `${HEADER}\n1,A,${URL_1},chair\n`, 2, null],
    ['overflow_cells', `${HEADER}\n1,A,${URL_1},${URL_2},chair\n`, 2, null],
    ['overflow_cells', `Product Name,Image,Note\nA,${URL_1},${URL_2},${URL_2}\n`, 2, null],
    ['url_missing', `${HEADER}\n1,A,\n`, 2, column],
    ['url_missing', `${HEADER}\n1,A," , ;"\n`, 2, column],
    ['url_invalid', `${HEADER}\n1,A,chair.jpg\n`, 2, column],
    ['url_invalid', `${HEADER}\n1,A,"https://a.example/1\t2.jpg"\n`, 2, column],
    ['url_scheme_not_allowed', `${HEADER}\n1,A,"${URL_1},ftp://a.example/1.jpg"\n`, 2, column],
    ['url_scheme_not_allowed', `${HEADER}\n1,A,${URL_1},ftp://a.example/1.jpg\n`, 2, column],
    ['url_has_credentials', `${HEADER}\n1,A,https://me:secret@a.example/1.jpg\n`, 2, column],
    ['url_host_invalid', `${HEADER}\n1,A,https://chair/1.jpg\n`, 2, column],
    ['url_port_not_allowed', `${HEADER}\n1,A,https://a.example:6379/1.jpg\n`, 2, column],
    ['url_too_long', `${HEADER}\n1,A,https://a.example/${'x'.repeat(4096)}\n`, 2, column],
    ['too_many_urls', `${HEADER}\n1,A,"${`${URL_1},`.repeat(251)}"\n`, 2, column],
    ['field_too_long', `${HEADER}\n1,${long},${URL_1}\n`, 2, 'Product Name'],
    ['field_too_long', `${HEADER},${long}\n1,A,${URL_1}\n`, 1, null],
    ['quote_not_closed', `${HEADER}\n1,A,${URL_1}\n2,"B,${URL_1}\n3,C,${URL_1}\n`, 3, 'Product Name'],
    ['quote_not_closed', `${HEADER}\n1,A,${URL_1}\n2,"B,${URL_1}\n3,"C",x\n4,D,y\n`, 3, 'Product Name'],
    ['quote_not_closed', `"${HEADER}\n1,A,${URL_1}\n`, 1, null],
    ['invalid_character', `${HEADER}\n1,A\0,${URL_1}\n`, 2, 'Product Name'],
    ['invalid_character', `${HEADER}\n1,A,${URL_1}\0\n`, 2, column],
  ])('is %s, told once', async (code, csv, line, name) => {
    expect(await errorsOf(csv)).toMatchObject([{ code, line, column: name }]);
  });

  it('names the offending text, and the column that it is in', async () => {
    const { errors } = await inspect(`Name,Image 1,Image 2\nA,${URL_1},"${URL_1}, data:image/png,\nx.jpg"\n`);
    expect(errors).toMatchObject([
      { code: 'url_invalid', column: 'Image 2', value: 'x.jpg', message: expect.stringMatching(/\.$/) },
    ]);
  });

  it('cuts the text to 200 characters, not through one', async () => {
    const { errors } = await inspect(`${HEADER}\n1,A,${'x'.repeat(300)}\n2,B,${'x'.repeat(199)}🪑\n`);
    expect(errors.map(({ value }) => value)).toEqual(['x'.repeat(200), 'x'.repeat(199)]);
  });

  it('is in the column in which it stands, also when its text stands in others', async () => {
    const { errors } = await inspect(`Name,Image 1,Image 2\nA,${URL_1}|x,x\n`);
    expect(errors).toMatchObject([
      { column: 'Image 1', value: 'x' },
      { column: 'Image 2', value: 'x' },
    ]);
  });

  it('has no unprintable or endless column', async () => {
    const { errors } = await inspect(`Name,Image,No\0te\nA,${URL_1}\n`);
    expect(errors).toMatchObject([{ code: 'invalid_character', column: 'No\uFFFDte' }]);
    const report = await inspect(`Name,${'x'.repeat(300)},Image\nA,\0,${URL_1}\n`);
    expect(report.errors).toMatchObject([{ column: 'x'.repeat(200) }]);
  });

  it('is told once of all cells beyond the header that cannot be read', async () => {
    expect(await errorsOf(`${HEADER}\n1,\0,${URL_1},\0,${URL_1},\0\n`)).toEqual([
      { code: 'invalid_character', line: 2, column: 'Product Name' },
      { code: 'invalid_character', line: 2, column: null },
    ]);
  });

  it('is counted up to 100,000, and then nothing more is read', async () => {
    const bytes = Buffer.from(`${HEADER}\n${'1,A,\n'.repeat(150_000)}`);
    const report = await inspect(bytes);
    expect(report).toMatchObject({ productCount: 100_000, errorCount: 100_000 });
    expect(report.errors).toHaveLength(100);
  });

  it('comes with all others of the file', async () => {
    expect(await errorsOf(`${HEADER}\n1,A,"x,${URL_1}|y"\n2\n3,C,${URL_1}\n4,D,\n`)).toEqual([
      { code: 'url_invalid', line: 2, column: 'Input Image Urls' },
      { code: 'url_invalid', line: 2, column: 'Input Image Urls' },
      { code: 'row_too_short', line: 3, column: 'Input Image Urls' },
      { code: 'url_missing', line: 5, column: 'Input Image Urls' },
    ]);
  });

  it('is one of 100 that are told, and of all that are counted', async () => {
    const report = await inspect(`${HEADER}\n${'1,A,\n'.repeat(250)}`);
    expect(report).toMatchObject({ productCount: 250, imageCount: 0, errorCount: 250 });
    expect(report.errors).toHaveLength(100);
  });

  it('is found in linear time when a quote is never closed', async () => {
    // 32 MB took papaparse 6.8 s of blocked event loop; a quadratic reader does not end within the test's time.
    const rows = Buffer.from(`2,B,${URL_1}\n`.repeat(32 * 32_768));
    const bytes = Buffer.concat([Buffer.from(`${HEADER}\n1,"A,${URL_1}\n`), rows]);
    expect(await errorsOf(bytes)).toEqual([{ code: 'quote_not_closed', line: 2, column: 'Product Name' }]);
  });
});

describe('cells beyond the header', () => {
  it('are more image URLs of the last image column, with a warning', async () => {
    const csv = `Name,Image 1,Image 2\nA,${URL_1},${URL_1}, ${URL_2},,"${URL_1},${URL_2}"\nB,${URL_1},,${URL_2}\n`;
    expect(await inspect(csv)).toMatchObject({
      imageCount: 7,
      errors: [],
      warnings: [
        { code: 'overflow_cells_joined', line: 2, column: 'Image 2' },
        { code: 'overflow_cells_joined', line: 3, column: 'Image 2' },
      ],
    });
    expect(await productsOf(csv)).toMatchObject([
      {
        cells: ['A', URL_1, `${URL_1}, ${URL_2},${URL_1},${URL_2}`],
        urls: [URL_1, URL_1, URL_2, URL_1, URL_2],
      },
      { cells: ['B', URL_1, URL_2], urls: [URL_1, URL_2] },
    ]);
  });

  it('are left out in silence when they are empty', async () => {
    const csv = `${HEADER}\n1,A,${URL_1},, ,\n`;
    expect(await inspect(csv)).toMatchObject({ warnings: [], errors: [] });
    expect(await productsOf(csv)).toMatchObject([{ cells: ['1', 'A', URL_1], urls: [URL_1] }]);
  });

  it('count as such below the empty cells that end a header', async () => {
    expect(await productsOf(`${HEADER},,\n1,A,${URL_1},${URL_2},\n`)).toMatchObject([
      { cells: ['1', 'A', `${URL_1},${URL_2}`], urls: [URL_1, URL_2] },
    ]);
  });

  it('are told of in 100 warnings at most', async () => {
    const rows = `1,A,${URL_1},${URL_2}\n`.repeat(150);
    const report = await inspect(Buffer.from(`${HEADER}\n${rows}2,\xe9,${URL_1}\n`, 'latin1'));
    expect(report.warnings).toHaveLength(100);
    expect(report.warnings[0]).toMatchObject({ code: 'encoding_assumed' });
  });
});

describe('readProducts', () => {
  it('gives rows, lines, cells and URLs as they are written', async () => {
    const csv = `Note,Image,Product Name,S. No.\r\n\r\n" n ""1"" ","${URL_1}\n${URL_2}", Chair ,007\r\n,${URL_1},,\r\n`;
    expect(await productsOf(csv)).toEqual([
      {
        row: 1,
        line: 3,
        serialNumber: '007',
        productName: 'Chair',
        cells: [' n "1" ', `${URL_1}\n${URL_2}`, ' Chair ', '007'],
        urls: [URL_1, URL_2],
      },
      { row: 2, line: 5, serialNumber: '2', productName: '', cells: ['', URL_1, '', ''], urls: [URL_1] },
    ]);
  });

  it('numbers the products when the CSV does not', async () => {
    const products = await productsOf(`Product Name,Image\nA,${URL_1}\n\nB,${URL_1}\n`);
    expect(products).toMatchObject([{ serialNumber: '1' }, { serialNumber: '2' }]);
  });

  it('reads several image columns in their order, and does not fill up short rows', async () => {
    const csv = `Name,Image 1,Image 2,Note\nA,${URL_2},"${URL_1}|${URL_2}",x\nB,${URL_1}\n`;
    expect(await productsOf(csv)).toMatchObject([
      { urls: [URL_2, URL_1, URL_2], cells: ['A', URL_2, `${URL_1}|${URL_2}`, 'x'] },
      { urls: [URL_1], cells: ['B', URL_1] },
    ]);
  });

  it('takes __proto__ for a text like others', async () => {
    const csv = `__proto__,Name,Image\n__proto__,__proto__,${URL_1}\n`;
    expect(await productsOf(csv)).toMatchObject([
      { productName: '__proto__', cells: ['__proto__', '__proto__', URL_1] },
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('makes batches of so many images, never splitting a product', async () => {
    const rows = [2, 1, 1, 5, 3, 1].map((urls) => `1,A,"${`${URL_1},`.repeat(urls)}"\n`);
    const csv = `${HEADER}\n${rows.join('')}`;
    expect(await batchesOf(csv, 3)).toEqual([[1, 2], [3], [4], [5], [6]]);
    expect(await batchesOf(csv, 100)).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  it('makes smaller batches of long rows', async () => {
    const csv = `${HEADER},Text\n${`1,A,${URL_1},${'x'.repeat(60_000)}\n`.repeat(150)}`;
    const batches = await batchesOf(csv, 5000);
    expect(batches.map((batch) => batch.length)).toEqual([69, 69, 12]);
  });

  it('closes the stream when it is left early', async () => {
    const csv = `${HEADER}\n${`1,A,${URL_1}\n`.repeat(10_000)}`;
    const { format } = await inspect(csv);
    const stream = source(csv, 1000)();
    for await (const batch of readProducts(() => stream, format!, 1)) {
      expect(batch).toHaveLength(1);
      break;
    }
    expect(stream.destroyed).toBe(true);
  });

  it('refuses a file that is not the one of the first pass', async () => {
    const { format } = await inspect(`${HEADER}\n1,A,${URL_1}\n`);
    const products = readProducts(source(`${HEADER}\n1\n`), format!, 10);
    await expect(products.next()).rejects.toThrow('Line 2');
  });
});

describe('the CSVs of other systems', () => {
  it('reads the one whose URL lists are not quoted without shifting a column', async () => {
    const bytes = fixture('unquoted-url-lists.csv');
    expect(await inspect(bytes)).toMatchObject({
      productCount: 2,
      imageCount: 4,
      warnings: [
        { code: 'overflow_cells_joined', line: 2 },
        { code: 'overflow_cells_joined', line: 3 },
      ],
    });
    expect((await productsOf(bytes))[0]).toEqual({
      row: 1,
      line: 2,
      serialNumber: '1',
      productName: 'SKU1',
      cells: ['1', 'SKU1', 'https://images.example.com/cat.jpg,https://images.example.com/lion.jpg'],
      urls: ['https://images.example.com/cat.jpg', 'https://images.example.com/lion.jpg'],
    });
  });

  it('reads an export of Shopify, where further images of a product have rows without a title', async () => {
    expect(await productsOf(fixture('shopify.csv'))).toMatchObject([
      {
        line: 2,
        serialNumber: '1',
        productName: 'Oak Chair',
        urls: ['https://cdn.shopify.com/s/files/1/0001/products/oak-chair.jpg?v=1571711'],
      },
      {
        line: 4,
        serialNumber: '2',
        productName: '',
        urls: ['https://cdn.shopify.com/s/files/1/0001/products/oak-chair-back.jpg?v=1571711'],
      },
    ]);
  });

  it('reads an export of WooCommerce, with commas in its URLs', async () => {
    expect(await productsOf(fixture('woocommerce.csv'))).toMatchObject([
      {
        serialNumber: '44',
        productName: 'V-Neck T-Shirt',
        urls: [
          'https://shop.example/wp-content/uploads/2023/06/vneck-tee-2.jpg',
          'https://shop.example/wp-content/uploads/2023/06/vnech-tee,green-1.jpg',
        ],
      },
      { serialNumber: '45', productName: 'Hoodie' },
    ]);
  });

  it('reads what a German Excel saves as CSV', async () => {
    const bytes = fixture('excel-windows-1252.csv');
    expect(await inspect(bytes)).toMatchObject({
      format: { delimiter: ';', newline: '\r\n' },
      warnings: [{ code: 'encoding_assumed' }],
    });
    expect(await productsOf(bytes)).toMatchObject([
      {
        productName: 'Stühle – „Eiche“ für 5 €',
        urls: ['https://bilder.example/stuhl,1.jpg', 'https://bilder.example/stuhl2.jpg'],
      },
    ]);
  });

  it('reads what Excel saves as Unicode text', async () => {
    const bytes = fixture('excel-unicode-text.csv');
    expect(await inspect(bytes)).toMatchObject({
      format: { encoding: 'utf-16le', delimiter: '\t' },
      warnings: [],
    });
    expect(await productsOf(bytes)).toMatchObject([
      { productName: 'Стул 🪑', urls: ['https://bilder.example/1.jpg', 'https://bilder.example/2.jpg'] },
    ]);
  });
});
