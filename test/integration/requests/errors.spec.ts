import { once } from 'node:events';
import type { Readable } from 'node:stream';
import Papa from 'papaparse';
import { CsvQuery } from '../../../src/requests/csv-query.dto.js';
import { ErrorsService } from '../../../src/requests/errors.service.js';
import type { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

const HEADER = 'S. No.,Product Name,Input Image Urls,Error Code,Error Detail\r\n';

describe('GET /api/requests/:request_id/errors', () => {
  let server: RequestsApp;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());
  afterEach(() => jest.restoreAllMocks());

  const download = (id: string, query = '') => fetch(`${server.url}/api/requests/${id}/errors${query}`);
  const csv = async (id: string, query = '') => (await download(id, query)).text();
  const openStream = (request: ProcessingRequest): Readable =>
    server.app.get(ErrorsService).csv(request, new CsvQuery());
  const restOf = async (stream: Readable): Promise<string> => {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  };
  const change = (statement: string, id: string) => server.dataSource.query(statement, [id]);

  /** So many products, of one to three images each, of which every second one has failed. */
  const insertMany = async (count: number) => {
    let position = 0;
    const seeds = Array.from({ length: count }, (_, n) =>
      product(
        `SKU${n}`,
        Array.from({ length: (n % 3) + 1 }, (_unused, k) =>
          position++ % 2 === 1
            ? failed('http_404', { sourceUrl: `https://shop.example/${n}/${k}` })
            : completed(),
        ),
      ),
    );
    const lines = seeds.flatMap(({ cells, images }) => {
      const urls = images.flatMap(({ status, sourceUrl }) => (status === 'failed' ? [sourceUrl] : []));
      return urls.length > 0 ? [`${cells[1]} ${urls.join()}`] : [];
    });
    return { request: await insertRequest(server.dataSource, seeds), lines };
  };
  const linesOf = (text: string): string[] =>
    Papa.parse<string[]>(text.trimEnd(), { delimiter: ',' })
      .data.slice(1)
      .map(([, name, urls]) => `${name} ${urls}`);

  it('has the products of which images have failed, with these images', async () => {
    const { id } = await insertRequest(server.dataSource, [
      product('SKU1', [
        completed(),
        failed(),
        failed('timeout', { errorDetail: 'The host did not answer in time.' }),
      ]),
      product('SKU2', [completed()]),
      product('SKU, "3"', [failed('internal', { errorDetail: null })]),
    ]);
    const answer = await download(id);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="errors_${id}.csv"`);
    expect(await answer.text()).toBe(
      `${HEADER}1,SKU1,"https://shop.example/1-2.jpg,https://shop.example/1-3.jpg","http_404,timeout",` +
        'The server answered 404. | The host did not answer in time.\r\n' +
        '3,"SKU, ""3""",https://shop.example/3-1.jpg,internal,\r\n',
    );
  });

  it.each(['pending', 'processing', 'completed', 'failed', 'cancelled'] as const)(
    'has what has failed by now when the request is %s',
    async (status) => {
      const images = [pending({ errorCode: 'timeout', errorDetail: 'Later.' }), failed(), completed()];
      const { id } = await insertRequest(server.dataSource, [product('SKU1', images)], { status });
      expect(await csv(id)).toBe(
        `${HEADER}1,SKU1,https://shop.example/1-2.jpg,http_404,The server answered 404.\r\n`,
      );
    },
  );

  it('is the header alone when nothing has failed', async () => {
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [completed(), pending()])]);
    expect(await csv(id)).toBe(HEADER);
    expect(await csv(id, '?bom=true')).toBe(HEADER); // text() leaves the mark out
    const bytes = Buffer.from(await (await download(id, '?bom=true')).arrayBuffer());
    expect(bytes.toString()).toBe(`\uFEFF${HEADER}`);
  });

  it('disarms formulas when asked to', async () => {
    const { id } = await insertRequest(server.dataSource, [product('=SKU1', [failed()])]);
    expect(await csv(id)).toContain('1,=SKU1,');
    expect(await csv(id, '?safe_cells=true')).toContain(`1,"'=SKU1",`);
  });

  it('has every product once and whole, over many pages', async () => {
    const { request, lines } = await insertMany(2500);
    expect(linesOf(await csv(request.id))).toEqual(lines);
  });

  it('never parts a product, however many images it has', async () => {
    const seeds = Array.from({ length: 7 }, (_, n) =>
      product(
        `SKU${n}`,
        Array.from({ length: 250 }, (_unused, k) =>
          failed('http_404', { sourceUrl: `https://shop.example/${n}/${k}` }),
        ),
      ),
    );
    const { id } = await insertRequest(server.dataSource, seeds);
    expect(linesOf(await csv(id))).toEqual(
      seeds.map(({ cells, images }) => `${cells[1]} ${images.map(({ sourceUrl }) => sourceUrl).join()}`),
    );
  });

  // Three products have six images: 3996 is the first of one.
  it('stays whole when images are tried again while it is read', async () => {
    const { request, lines } = await insertMany(2500);
    const stream = openStream(request);
    await once(stream, 'readable');
    await change(
      `UPDATE product_image SET status = 'pending', error_code = NULL, error_detail = NULL
       WHERE request_id = $1 AND status = 'failed' AND position < 3996`,
      request.id,
    );
    const read = linesOf(await restOf(stream));
    expect(read.length).toBeLessThan(lines.length);
    expect(read).toEqual(lines.filter((line) => read.includes(line)));
    expect(read.at(-1)).toBe(lines.at(-1));
  });

  it('breaks off rather than look whole when the request is removed', async () => {
    const { request } = await insertMany(2500);
    const stream = openStream(request);
    await once(stream, 'readable');
    await change(`UPDATE processing_request SET deleted_at = now() WHERE id = $1`, request.id);
    await change(`DELETE FROM product_image WHERE request_id = $1`, request.id);
    await expect(restOf(stream)).rejects.toThrow('was removed');
  });

  it('reads no further than it is read, a statement for each page', async () => {
    const { request } = await insertMany(2500);
    const query = jest.spyOn(server.dataSource, 'query');
    const stream = openStream(request);
    await once(stream, 'readable');
    expect(query).toHaveBeenCalledTimes(1);
    stream.destroy();
    await once(stream, 'close');
    expect(query).toHaveBeenCalledTimes(1);
  });

  it('finds the failed images by their index, among many others', async () => {
    const { request } = await insertMany(2500);
    const statements = jest.spyOn(server.dataSource, 'query');
    await restOf(openStream(request));
    const [statement, parameters] = statements.mock.calls[0]!;
    const plan = await server.dataSource.query<unknown[]>(`EXPLAIN ${statement}`, parameters);
    const indexes = JSON.stringify(plan).match(/product_image_(?:failed|pkey)|Seq Scan on product_image/g);
    expect(indexes).toEqual(['product_image_failed', 'product_image_failed']);
  });

  it.each(['columns=basic', 'partial=true', 'bom=1', 'extra=1'])(
    'refuses ?%s and names it',
    async (query) => {
      const { id } = await insertRequest(server.dataSource);
      expect(await server.get(`/api/requests/${id}/errors?${query}`)).toMatchObject({
        status: 422,
        body: { errors: [{ parameter: query.split('=')[0] }] },
      });
    },
  );

  it('tells nobody but the owner', async () => {
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [failed()])]);
    expect(await server.get(`/api/requests/${id}/errors`, 'somebody')).toMatchObject({ status: 404 });
    expect(await server.get('/api/requests/no-id/errors')).toMatchObject({ status: 404 });
  });
});
