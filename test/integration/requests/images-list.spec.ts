import type { ImagePage } from '../../../src/requests/pages.dto.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

describe('GET /api/requests/:request_id/images', () => {
  let server: RequestsApp;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());

  const list = async (id: string, query = '') =>
    (await server.get(`/api/requests/${id}/images${query}`)).body as ImagePage;
  const positions = async (id: string, query: string) =>
    (await list(id, query)).data.map(({ position }) => position);

  const mixed = [
    product('SKU7', [completed('r/0-a.jpg'), failed('http_404'), pending()]),
    product('SKU8', [
      failed('timeout', { httpStatus: null }),
      completed(),
      pending({ errorCode: 'timeout' }),
    ]),
  ];

  it('has every image with its product, by position', async () => {
    const { id } = await insertRequest(server.dataSource, mixed, { status: 'processing' });
    const { data, next_cursor } = await list(id);
    expect(next_cursor).toBeNull();
    expect(data.map(({ position, row }) => [position, row])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 2],
    ]);
    expect(data[0]).toEqual({
      position: 0,
      row: 1,
      serial_number: '7',
      product_name: 'SKU7',
      input_url: 'https://shop.example/1-1.jpg',
      output_url: 'http://public.example/files/r/0-a.jpg',
      status: 'completed',
      original_size: 1000,
      compressed_size: 400,
      kept_original: false,
      error: null,
      attempts: 1,
      content_type: 'image/jpeg',
      width: 1200,
      height: 800,
      sha256: 'ab'.repeat(32),
      finished_at: '2026-11-20T09:30:02.000Z',
    });
    expect(data[3]).toMatchObject({
      serial_number: '8',
      output_url: null,
      sha256: null,
      error: { code: 'timeout', detail: 'The server answered 404.', retryable: true, http_status: null },
    });
  });

  it('numbers products by their row when the CSV does not', async () => {
    const { id } = await insertRequest(server.dataSource, [{ cells: ['Lamp', 'u'], images: [pending()] }], {
      csvColumns: { names: ['Name', 'Image'], serialNumber: null, productName: 0, urls: [1] },
    });
    expect((await list(id)).data).toMatchObject([{ serial_number: '1', product_name: 'Lamp' }]);
  });

  it('filters by status', async () => {
    const { id } = await insertRequest(server.dataSource, mixed, { status: 'processing' });
    expect(await positions(id, '?status=completed')).toEqual([0, 4]);
    expect(await positions(id, '?status=failed')).toEqual([1, 3]);
    expect(await positions(id, '?status=pending')).toEqual([2, 5]);
    expect(await positions(id, '?status=cancelled')).toEqual([]);
  });

  it('knows the cancelled images of a cancelled request', async () => {
    const { id } = await insertRequest(server.dataSource, mixed, { status: 'cancelled' });
    expect(await positions(id, '?status=cancelled')).toEqual([2, 5]);
    expect(await positions(id, '?status=pending')).toEqual([]);
    expect((await list(id, '?status=cancelled')).data[0]).toMatchObject({ status: 'cancelled', error: null });
  });

  it('filters by error code, which only failed images have', async () => {
    const { id } = await insertRequest(server.dataSource, mixed, { status: 'processing' });
    expect(await positions(id, '?error_code=timeout')).toEqual([3]);
    expect(await positions(id, '?error_code=timeout&status=failed')).toEqual([3]);
    expect(await positions(id, '?error_code=timeout&status=pending')).toEqual([]);
    expect(await positions(id, '?error_code=corrupt_image')).toEqual([]);
  });

  it('gives every image once, page by page, while they get their outcomes', async () => {
    const images = Array.from({ length: 7 }, () => pending());
    const { id } = await insertRequest(server.dataSource, [product('SKU1', images)], {
      status: 'processing',
    });
    const seen: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: ImagePage = await list(id, `?limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.data.map(({ position }) => position));
      cursor = page.next_cursor;
      await server.dataSource.query(
        `UPDATE product_image SET status = 'completed' WHERE request_id = $1 AND position = $2`,
        [id, seen.at(-1)],
      );
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('carries a filter over the pages', async () => {
    const { id } = await insertRequest(server.dataSource, mixed, { status: 'processing' });
    const first = await list(id, '?status=failed&limit=1');
    expect(first.data).toMatchObject([{ position: 1 }]);
    const second = await list(id, `?status=failed&limit=1&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ data: [{ position: 3 }], next_cursor: null });
  });

  it('finds the rare image far behind', async () => {
    const far = 250_000;
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [pending()])], {
      status: 'processing',
      imageCount: far + 1,
    });
    await server.dataSource.query(
      `UPDATE product_image SET position = $2 WHERE request_id = $1 AND position = 0`,
      [id, far],
    );
    expect(await list(id, '?status=pending')).toMatchObject({ data: [{ position: far }], next_cursor: null });
  });

  it('names a parameter that is wrong', async () => {
    const { id } = await insertRequest(server.dataSource);
    expect(await server.get(`/api/requests/${id}/images?limit=1001`)).toMatchObject({
      status: 422,
      body: { errors: [{ parameter: 'limit' }] },
    });
  });
});
