import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Pool } from 'pg';
import { DownloadQuery } from '../../../src/requests/download-query.dto.js';
import { OutputService } from '../../../src/requests/output.service.js';
import type { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

const HEADER = 'S. No.,Product Name,Input Image Urls,Output Image Urls\r\n';

describe('GET /api/download/:request_id', () => {
  let server: RequestsApp;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());
  afterEach(() => jest.restoreAllMocks());

  const download = (id: string, query = '') => fetch(`${server.url}/api/download/${id}${query}`);
  const csv = async (id: string, query = '') => (await download(id, query)).text();

  /** A request of so many products, each with one image and 4 kB of text. */
  const insertLarge = async (count: number): Promise<ProcessingRequest> => {
    const counts = { productCount: count, imageCount: count, completedCount: count };
    const request = await insertRequest(server.dataSource, [], counts);
    await server.dataSource.query(
      `INSERT INTO product (request_id, row, cells, first_position, image_count)
       SELECT $1, n, jsonb_build_array(n::text, repeat('x', 4000), 'u'), n - 1, 1 FROM generate_series(1, $2::int) n`,
      [request.id, count],
    );
    await server.dataSource.query(
      `INSERT INTO product_image (request_id, position, row, source_url, status, object_key)
       SELECT $1, n - 1, n, 'u', 'completed', 'r/' || n || '.jpg' FROM generate_series(1, $2::int) n`,
      [request.id, count],
    );
    return request;
  };
  const pool = () => (server.dataSource.driver as unknown as { master: Pool }).master;
  const openStream = (request: ProcessingRequest): Readable =>
    server.app.get(OutputService).csv(request, new DownloadQuery());

  it('answers each input URL at its place', async () => {
    const { id } = await insertRequest(server.dataSource, [
      product('SKU1', [completed('r/0-a.jpg'), failed(), completed('r/2-c.jpg')]),
      product('SKU, "2"', [failed()]),
    ]);
    const answer = await download(id);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="output_${id}.csv"`);
    expect(await answer.text()).toBe(
      `${HEADER}1,SKU1,the input cell,"http://public.example/files/r/0-a.jpg,,http://public.example/files/r/2-c.jpg"\r\n` +
        '2,"SKU, ""2""",the input cell,\r\n',
    );
  });

  it('adds what is asked for', async () => {
    const { id } = await insertRequest(server.dataSource, [
      product('=SKU1', [completed('r/0.jpg'), failed()]),
    ]);
    const bytes = Buffer.from(
      await (await download(id, '?columns=extended&bom=true&safe_cells=true&format=csv')).arrayBuffer(),
    );
    expect(bytes.toString()).toBe(
      `\uFEFF${HEADER.trimEnd()},Status,Error Codes,Original Bytes,Compressed Bytes\r\n` +
        `1,"'=SKU1",the input cell,"http://public.example/files/r/0.jpg,",failed,",http_404",1000,400\r\n`,
    );
  });

  it('has every product in order, over many pages', async () => {
    // One, two or three images each, so that pages end between products of every kind.
    const seeds = Array.from({ length: 2500 }, (_, n) =>
      product(
        `SKU${n}`,
        Array.from({ length: (n % 3) + 1 }, (_unused, k) => completed(`${n}/${k}`)),
      ),
    );
    const { id } = await insertRequest(server.dataSource, seeds);
    const lines = (await csv(id)).split('\r\n');
    expect(lines.length).toBe(2502);
    const urls = lines.slice(1, -1).map((line) => line.replaceAll(/^.*?the input cell,|"/g, ''));
    expect(urls).toEqual(
      seeds.map(({ images }) =>
        images.map(({ objectKey }) => `http://public.example/files/${objectKey}`).join(','),
      ),
    );
  });

  it('has products with very many images', async () => {
    const seeds = Array.from({ length: 25 }, (_, n) =>
      product(
        `SKU${n}`,
        Array.from({ length: 250 }, (_unused, k) => completed(`${n}/${k}`)),
      ),
    );
    const { id } = await insertRequest(server.dataSource, seeds);
    const lines = (await csv(id)).trimEnd().split('\r\n').slice(1);
    expect(lines.map((line) => line.split('/files/').length - 1)).toEqual(seeds.map(() => 250));
    expect(lines[24]).toContain('/files/24/0,');
  });

  it('is refused while the request is open, and says when to ask again', async () => {
    // Two images in a minute, the second just now.
    const pace = { startedAt: new Date(Date.now() - 60_000), progressedAt: new Date(), speed: 0.0288 };
    const { id } = await insertRequest(
      server.dataSource,
      [product('SKU1', [completed(), completed(), pending()])],
      { status: 'processing', ...pace },
    );
    const answer = await download(id);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'not_finished' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(25);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(31);
  });

  it('asks for patience when the remaining time is not known', async () => {
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [pending()])], {
      status: 'pending',
    });
    expect((await download(id)).headers.get('retry-after')).toBe('5');
  });

  it('gives what there is when that will do', async () => {
    const { id } = await insertRequest(
      server.dataSource,
      [product('SKU1', [pending({ errorCode: 'timeout' }), completed('r/1.jpg')])],
      { status: 'processing' },
    );
    expect(await csv(id, '?partial=true&columns=extended')).toContain(
      '",http://public.example/files/r/1.jpg",pending,,1000,400\r\n',
    );
  });

  it.each(['failed', 'cancelled'] as const)('is there when the request is %s', async (status) => {
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [pending()])], { status });
    expect(await csv(id)).toBe(`${HEADER}1,SKU1,the input cell,\r\n`);
  });

  it.each(['format=json', 'format=zip', 'columns=all', 'partial=1', 'extra=1'])(
    'refuses ?%s and names it',
    async (query) => {
      const { id } = await insertRequest(server.dataSource);
      expect(await server.get(`/api/download/${id}?${query}`)).toMatchObject({
        status: 422,
        body: { errors: [{ parameter: query.split('=')[0] }] },
      });
    },
  );

  it('answers HEAD without reading a product', async () => {
    const { id } = await insertRequest(server.dataSource);
    const query = jest.spyOn(server.dataSource, 'query');
    const answer = await fetch(`${server.url}/api/download/${id}`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(query).not.toHaveBeenCalled();
  });

  it('reads no further than it is read, and holds no connection meanwhile', async () => {
    const request = await insertLarge(1500);
    const query = jest.spyOn(server.dataSource, 'query');
    const stream = openStream(request);
    await once(stream, 'readable');
    // One page: its products and its images.
    expect(query).toHaveBeenCalledTimes(2);
    expect(pool().idleCount).toBe(pool().totalCount);
    stream.destroy();
    await once(stream, 'close');
    expect(query).toHaveBeenCalledTimes(2);
  });

  it('makes pages smaller when the rows are long', async () => {
    const stream = openStream(await insertLarge(1500));
    const lengths: number[] = [];
    for await (const page of stream) lengths.push((page as Buffer).length);
    expect(lengths.length).toBeGreaterThan(4);
    expect(Math.max(...lengths)).toBeLessThan(600_000);
  });

  it('stops reading when the client goes away', async () => {
    const request = await insertLarge(10_000);
    const csvOf = jest.spyOn(OutputService.prototype, 'csv');
    const client = get(`${server.url}/api/download/${request.id}`);
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    const stream = csvOf.mock.results[0]!.value as Readable;
    const closed = once(stream, 'close');
    await once(response, 'readable');
    client.destroy();
    await closed;
    expect(stream.readableEnded).toBe(false);
    expect(pool().idleCount).toBe(pool().totalCount);
  });

  it('breaks off rather than look whole when rows disappear', async () => {
    const request = await insertLarge(1500);
    await server.dataSource.query(`DELETE FROM product WHERE request_id = $1 AND row > 700`, [request.id]);
    await expect(csv(request.id)).rejects.toThrow('terminated');
    const other = await insertLarge(1500);
    await server.dataSource.query(`DELETE FROM product_image WHERE request_id = $1 AND position = 700`, [
      other.id,
    ]);
    await expect(csv(other.id)).rejects.toThrow('terminated');
  });

  it('is a problem when it cannot begin', async () => {
    const { id } = await insertRequest(server.dataSource);
    await server.dataSource.query(`DELETE FROM product WHERE request_id = $1`, [id]);
    expect(await server.get(`/api/download/${id}`)).toMatchObject({
      status: 500,
      body: { code: 'internal_error' },
    });
  });
});
