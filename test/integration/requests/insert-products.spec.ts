import { v7 as uuidv7 } from 'uuid';
import { Env } from '../../../src/config/env.js';
import { RequestsRepository } from '../../../src/requests/requests.repository.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

describe('insertProducts', () => {
  let server: RequestsApp;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());

  it('stores every product and image, and takes back from the driver what it lent', async () => {
    const { dataSource } = server;
    const requests = new RequestsRepository(server.app.get(Env));
    const id = uuidv7();
    const lent: unknown[][] = [];
    const products = [
      { row: 1, cells: ['1', 'SKU1'], urls: ['https://shop.example/1.jpg', 'https://shop.example/2.jpg'] },
      { row: 2, cells: ['2', 'SKU2'], urls: ['https://shop.example/3.jpg'] },
    ];
    const next = await dataSource.transaction(async (manager) => {
      const query = manager.query.bind(manager);
      manager.query = (statement: string, values: unknown[]) => {
        lent.push(values);
        return query(statement, values);
      };
      return requests.insertProducts(manager, id, products, 0);
    });
    expect(next).toBe(3);
    expect(lent).toEqual([[], []]);
    const images = await dataSource.query(
      `SELECT row, position, source_url AS url FROM product_image WHERE request_id = $1 ORDER BY position`,
      [id],
    );
    expect(images).toEqual([
      { row: 1, position: 0, url: 'https://shop.example/1.jpg' },
      { row: 1, position: 1, url: 'https://shop.example/2.jpg' },
      { row: 2, position: 2, url: 'https://shop.example/3.jpg' },
    ]);
  });
});
