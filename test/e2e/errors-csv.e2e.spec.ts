import Papa from 'papaparse';
import type { ImageBody } from '../../src/requests/image-body.dto.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { startService, type TestService } from '../support/service.js';

/** As the list of images has it. */
type Image = ImageBody & { serial_number: string; product_name: string };

let origin: Origin;
let service: TestService;

beforeAll(async () => {
  origin = await startOrigin();
  origin.serve('/good.jpg', { body: await photo(160, 120).jpeg({ quality: 95 }).toBuffer() });
  service = await startService({ IMAGE_ATTEMPTS: '1' });
});

afterAll(async () => {
  await service.stop();
  await origin.close();
});

async function failedImages(id: string) {
  const { data } = await service.api.get<{ data: Image[] }>(
    `/api/requests/${id}/images?status=failed&limit=1000`,
  );
  return data.map(({ input_url, serial_number, product_name }) => ({
    input_url,
    serial_number,
    product_name,
  }));
}

async function errorsCsv(id: string, query = ''): Promise<Buffer> {
  const answer = await fetch(`${service.api.url}/api/requests/${id}/errors${query}`);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

/** Uploads a file, waits for its end, and gives its id and what it warned of. */
async function process(csv: string | Buffer) {
  const { request_id: id, warnings } = await service.api.upload(csv);
  await service.api.finished(id);
  return { id, warnings };
}

/** A tricky catalogue of a spreadsheet: semicolons, umlauts in Windows-1252, overflow cells, several image columns. */
function catalogue(): { csv: Buffer; failing: string[] } {
  const url = (path: string) => origin.url(path);
  const good = url('/good.jpg');
  const oneSlash = url('/one-slash.jpg').replace('://', ':/');
  const rows = [
    [
      'Größe;Name|Image;id',
      'S. No.',
      'Produkt',
      'Product Name',
      'Image 1',
      'Error Code',
      'url',
      'Image 2',
      'Title',
    ],
    ['say "hi"', '10', 'p', ' Stühle, "rot" ', `${good},${url('/w_300,h_200/a.jpg')}`, 'old', 'x', '', 't'],
    ['two\r\nlines\n', '20', 'p', 'Tisch', good, '', url('/page'), good, 't'],
    [
      '=1+1',
      '30',
      'p',
      '=SUM(A1)',
      `${url('/b 1.jpg')}|${oneSlash}`,
      '',
      '',
      `${url('/c.jpg')}\n${good}`,
      't',
    ],
    ['', '40', '', 'Überlauf', good, '', '', url('/d.jpg'), '', url('/e.jpg'), good, url('/münchen.jpg')],
    ["'quoted'", 'A-7;b', 'p', 'Schrank\t', url('/f.jpg'), '', '', '', 't'],
  ];
  const csv = `${Papa.unparse(rows, { delimiter: ';' })}\r\n`;
  return {
    csv: Buffer.from(csv, 'latin1'),
    failing: [
      url('/w_300,h_200/a.jpg'),
      url('/b 1.jpg'),
      oneSlash,
      url('/c.jpg'),
      url('/d.jpg'),
      url('/e.jpg'),
      url('/münchen.jpg'),
      url('/f.jpg'),
    ],
  };
}

it('the errors CSV, uploaded as it is, brings exactly the failed images, and so does its own', async () => {
  const { csv, failing } = catalogue();
  const first = await process(csv);
  expect(first.warnings).toMatchObject([
    { code: 'encoding_assumed' },
    { code: 'overflow_cells_joined', line: 8 },
  ]);
  const failed = await failedImages(first.id);
  expect(failed.map(({ input_url }) => input_url)).toEqual(failing);
  expect([...new Set(failed.map(({ serial_number }) => serial_number))]).toEqual(['10', '30', '40', 'A-7;b']);

  const errors = await errorsCsv(first.id);
  const [header, ...records] = Papa.parse<string[]>(errors.toString().trimEnd(), { delimiter: ',' }).data;
  expect(header!.slice(4)).toEqual(['Image 1', 'Error Code', 'url', 'Image 2', 'Title', 'Error Detail']);
  const notFound = 'The host answered with status 404.';
  expect(records[1]!.slice(0, 6)).toEqual([
    '=1+1',
    '30',
    'p',
    '=SUM(A1)',
    `${failing[1]}|${failing[2]},${failing[3]}`,
    'http_404,http_404,http_404',
  ]);
  expect(records[1]!.slice(6)).toEqual(['', '', 't', [notFound, notFound, notFound].join(' | ')]);

  const second = await process(errors);
  expect(second.warnings).toEqual([]);
  const images = (await service.api.images(second.id)).map(({ input_url }) => input_url);
  expect(images).toEqual(failing);
  expect(await failedImages(second.id)).toEqual(failed);

  const errorsOfErrors = await errorsCsv(second.id);
  expect(errorsOfErrors.toString()).toBe(errors.toString());
  const third = await process(await errorsCsv(second.id, '?bom=true'));
  expect(third.warnings).toEqual([]);
  expect(await failedImages(third.id)).toEqual(failed);
});

it('what succeeds the second time is in no errors CSV any more', async () => {
  const csv = `Name,Image\nSKU1,"${origin.url('/later.jpg')},${origin.url('/never.jpg')}"\n`;
  const first = await process(csv);
  origin.serve('/later.jpg', { body: await photo(160, 120).jpeg({ quality: 95 }).toBuffer() });
  const second = await process(await errorsCsv(first.id));
  expect((await errorsCsv(second.id)).toString()).toBe(
    'Name,Image,Error Code,Error Detail\r\n' +
      `SKU1,${origin.url('/never.jpg')},http_404,The host answered with status 404.\r\n`,
  );
});
