import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { BROKEN_IMAGE } from '../../../samples/catalogue.js';
import { startImageServer, type ImageServer } from '../../../samples/image-server.js';

describe('the image server of the samples', () => {
  let server: ImageServer;

  beforeAll(async () => {
    server = await startImageServer(0);
  });

  afterAll(() => server.close());

  it.each([
    ['ceramic-bowl-front.jpg', 'image/jpeg'],
    ['gift-seal-front.png', 'image/png'],
    ['wallpaper-dandelion-field.avif', 'image/avif'],
  ])('serves %s', async (name, contentType) => {
    const response = await fetch(`${server.url}/images/${name}`);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(await readFile(`samples/images/${name}`));
  });

  it('ignores a query', async () => {
    expect((await fetch(`${server.url}/images/bean-bag-front.jpg?width=800`)).status).toBe(200);
  });

  it('does not know the broken image', async () => {
    expect((await fetch(`${server.url}/images/${BROKEN_IMAGE}`)).status).toBe(404);
  });

  // fetch tidies such paths before it sends them, so they are written by hand.
  it.each(['/images/../products.csv', '/images/%2e%2e%2fproducts.csv', '/images/', '//'])(
    'answers 404 to %s',
    async (path) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
      socket.destroy();
    },
  );

  it('says so when the port is taken', async () => {
    await expect(startImageServer(Number(new URL(server.url).port))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
