import { v7 as uuidv7 } from 'uuid';
import type { StatusBody } from '../../../src/requests/pages.dto.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

describe('GET /api/status/:request_id', () => {
  let server: RequestsApp;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());

  const products = async (
    ...args: Parameters<typeof insertRequest> extends [unknown, ...infer R] ? R : never
  ) => {
    const { id } = await insertRequest(server.dataSource, ...args);
    return ((await server.get(`/api/status/${id}`)).body as StatusBody).products!;
  };

  it('tells how far the request is, with its products', async () => {
    const { id } = await insertRequest(
      server.dataSource,
      [
        product('SKU7', [completed('r/0-a.jpg'), failed('http_404')]),
        product('SKU8', [pending({ attempts: 2, errorCode: 'timeout' })]),
      ],
      { status: 'processing', label: 'spring' },
    );
    const answer = await server.get(`/api/status/${id}`);
    const body = answer.body as StatusBody;
    expect(answer.status).toBe(200);
    expect(body).toMatchObject({
      request_id: id,
      status: 'processing',
      label: 'spring',
      counts: { pending: 1, completed: 1, failed: 1, cancelled: 0 },
      progress: 66.7,
      bytes: { input: 1000, output: 400, saved: 600 },
      output_csv_url: null,
    });
    expect(body.products).toMatchObject([
      {
        row: 1,
        serial_number: '7',
        product_name: 'SKU7',
        images: [
          {
            position: 0,
            input_url: 'https://shop.example/1-1.jpg',
            output_url: 'http://public.example/files/r/0-a.jpg',
            status: 'completed',
            error: null,
          },
          { position: 1, output_url: null, status: 'failed', error: { code: 'http_404', http_status: 404 } },
        ],
      },
      {
        row: 2,
        serial_number: '8',
        product_name: 'SKU8',
        images: [{ position: 2, status: 'pending', attempts: 2, error: null }],
      },
    ]);
  });

  it('is the same as /api/requests/:request_id', async () => {
    const { id } = await insertRequest(server.dataSource);
    const answer = await server.get(`/api/requests/${id}`);
    expect(answer.status).toBe(200);
    expect(answer).toEqual(await server.get(`/api/status/${id}`));
  });

  it('leaves the products out when asked to', async () => {
    const { id } = await insertRequest(server.dataSource);
    const { body } = await server.get(`/api/status/${id}?products=false`);
    expect(body).toMatchObject({ request_id: id, products_url: expect.any(String) });
    expect(body).not.toHaveProperty('products');
  });

  it('has the first 50 products', async () => {
    const all = Array.from({ length: 51 }, (_, index) => product(`SKU${index + 1}`, [pending()]));
    const first = await products(all);
    expect(first.map(({ row }) => row)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('has fewer when they have more than 500 images, and only whole ones', async () => {
    const of = (images: number) =>
      product(
        'SKU1',
        Array.from({ length: images }, () => pending()),
      );
    expect((await products([of(250), of(250), of(1)])).map(({ images }) => images.length)).toEqual([
      250, 250,
    ]);
    expect((await products([of(250), of(249), of(2)])).map(({ images }) => images.length)).toEqual([
      250, 249,
    ]);
  });

  it('numbers products by their row when the CSV does not', async () => {
    const [first, second] = await products(
      [
        { cells: ['Lamp', 'u'], images: [pending()] },
        { cells: ['Chair', 'u'], images: [pending()] },
      ],
      { csvColumns: { names: ['Name', 'Image'], serialNumber: null, productName: 0, urls: [1] } },
    );
    expect(first).toMatchObject({ serial_number: '1', product_name: 'Lamp' });
    expect(second).toMatchObject({ serial_number: '2', product_name: 'Chair' });
  });

  it('calls the pending images of a cancelled request cancelled', async () => {
    const [only] = await products([product('SKU1', [completed(), pending()])], { status: 'cancelled' });
    expect(only!.images.map(({ status }) => status)).toEqual(['completed', 'cancelled']);
  });

  it.each(['status/ID', 'requests/ID', 'requests/ID/images', 'download/ID'])(
    'gives 404 for what is not there, not a UUID, or someone else’s: /api/%s',
    async (path) => {
      const { id } = await insertRequest(server.dataSource, undefined, { ownerId: 'alice' });
      const of = async (value: string, owner?: string) =>
        server.get(`/api/${path.replace('ID', value)}`, owner);
      const missing = await of(uuidv7());
      expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
      for (const answer of [
        await of(id),
        await of(id, 'bob'),
        await of('42'),
        await of(`${id}x`),
        await of('%00'),
      ]) {
        expect(answer).toEqual({
          status: 404,
          body: { ...(missing.body as object), trace_id: expect.any(String) },
        });
      }
    },
  );

  it('is for its owner', async () => {
    const { id } = await insertRequest(server.dataSource, undefined, { ownerId: 'alice' });
    expect(await server.get(`/api/status/${id}`, 'alice')).toMatchObject({ status: 200 });
    expect(await server.get(`/api/requests/${id}/images`, 'alice')).toMatchObject({ status: 200 });
  });

  it('names a parameter that is wrong', async () => {
    const { id } = await insertRequest(server.dataSource);
    expect(await server.get(`/api/status/${id}?products=no`)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ parameter: 'products' }] },
    });
  });
});
