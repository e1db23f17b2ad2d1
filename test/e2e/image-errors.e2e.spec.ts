import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import Papa from 'papaparse';
import sharp from 'sharp';
import { DataSource } from 'typeorm';
import { Dispatcher } from '../../src/processing/dispatcher.js';
import { ImageCompressor } from '../../src/processing/image-compressor.js';
import type { ImageBody } from '../../src/requests/image-body.dto.js';
import {
  IMAGE_ERROR_CODES,
  IMAGE_ERRORS,
  type ImageErrorCode,
} from '../../src/requests/image-error-codes.js';
import type { StatusBody } from '../../src/requests/pages.dto.js';
import type { ProcessingRequest } from '../../src/requests/processing-request.entity.js';
import { freePort } from '../../src/net/free-port.js';
import { connect, expectInvariants } from '../support/invariants.js';
import {
  endless,
  gzipped,
  redirectTo,
  shortContentLength,
  stall,
  startOrigin,
  type Answer,
  type Origin,
} from '../support/origin.js';
import { grain, photo, plain } from '../support/pictures.js';
import { insertRequest, pending, product } from '../support/requests.js';
import { startService, type TestService } from '../support/service.js';
import { waitFor } from '../support/wait-for.js';

/** Of a worker that dies of an image there is more to tell than here. */
type Code = Exclude<ImageErrorCode, 'decoder_crash'>;

/** What the origin answers with, for the codes that tell it. */
const HTTP_STATUS: Partial<Record<Code, number>> = {
  http_401: 401,
  http_403: 403,
  http_404: 404,
  http_408: 408,
  http_410: 410,
  http_425: 425,
  http_429: 429,
  http_4xx: 418,
  http_5xx: 503,
  http_unexpected: 204,
};

const csvOf = (urls: string[]): string =>
  ['S. No.,Product Name,Input Image Urls', ...urls.map((url, index) => `${index + 1},SKU,${url}`)].join('\n');

async function expectQuiet(service: TestService): Promise<void> {
  const look = await connect(service.databaseUrl);
  try {
    await waitFor('the last slice', async () => {
      const open = await look.query<unknown[]>(`SELECT 1 FROM slice WHERE state <> 'done'`);
      return open.length === 0;
    });
    await expectInvariants(look, service.env.storage.directory);
  } finally {
    await look.destroy();
  }
}

/** What an origin has to answer to provoke a code; the other codes come about otherwise. */
async function misbehaviour() {
  const statuses = Object.fromEntries(
    Object.entries(HTTP_STATUS).map(([code, status]): [string, Answer] => [code, { status, body: 'no' }]),
  );
  const tooWide = sharp({ create: { width: 3001, height: 2000, channels: 3, background: 'teal' } });
  return {
    timeout: stall(),
    redirect_limit: redirectTo('/redirect_limit.jpg'),
    redirect_blocked: redirectTo('ftp://127.0.0.1/photo.jpg'),
    ...statuses,
    content_encoding: gzipped(),
    truncated: shortContentLength(),
    empty_body: { body: '' },
    too_large_bytes: endless(),
    too_many_pixels: { body: await tooWide.png().toBuffer() },
    not_an_image: { body: '<!DOCTYPE html><title>Not here</title>' },
    unsupported_format: { body: '<svg xmlns="http://www.w3.org/2000/svg"/>' },
    corrupt_image: { body: (await photo().jpeg().toBuffer()).subarray(0, 2000) },
    // The output of a TIFF is a JPEG, of at most 65,535 pixels a side.
    encode_failed: { body: await plain(66_000, 1, [1, 2, 3]).tiff({ compression: 'none' }).toBuffer() },
    decode_timeout: { body: await grain(3000, 2000).tiff({ compression: 'none' }).toBuffer() },
  } satisfies Partial<Record<Code, Answer | RequestListener>>;
}

describe('each image error code', () => {
  let origin: Origin;
  let secureOrigin: Origin;
  let service: TestService;
  let guarded: TestService;
  /** Where an image met with the code. */
  const places = new Map<string, { service: TestService; requestId: string; position: number }>();

  beforeAll(async () => {
    origin = await startOrigin();
    secureOrigin = await startOrigin({ tls: true });
    // A picture of three by two thousand pixels is allowed, one of a column more is not.
    service = await startService({ IMAGE_ATTEMPTS: '1', FETCH_TIMEOUT: '3s', MAX_IMAGE_PIXELS: '6000000' });
    guarded = await startService({
      ALLOW_PRIVATE_ADDRESSES: 'false',
      ALLOWED_PORTS: String(origin.port),
    });
    // With the 20 s that a picture gets, the test would take as long.
    Object.assign(service.app.get(ImageCompressor), { timeLimitSeconds: 1 });

    const urls: Record<string, string> = {};
    for (const [code, answer] of Object.entries(await misbehaviour())) {
      origin.serve(`/${code}.jpg`, answer);
      urls[code] = origin.url(`/${code}.jpg`);
    }
    const { decode_timeout, ...others } = urls as Record<Code, string>;
    await upload(service, {
      ...others,
      dns_failed: 'http://shop.invalid/photo.jpg',
      connect_failed: `http://127.0.0.1:${await freePort()}/photo.jpg`,
      tls_failed: secureOrigin.url('/photo.jpg'),
    });
    await upload(service, { decode_timeout }, { format: 'png', quality: '100' });
    await upload(guarded, { address_blocked: origin.url('/photo.jpg') });

    origin.serve('/photo.jpg', { body: await photo().jpeg().toBuffer() });
    // These cannot come through an upload.
    await insert('url_invalid', 'http://[');
    await insert('internal', origin.url('/photo.jpg'), { options: {} as ProcessingRequest['options'] });
    const id = randomUUID();
    await writeFile(join(service.env.storage.directory, id), 'where the folder of the request should be');
    await insert('storage_failed', origin.url('/photo.jpg'), { id });

    for (const place of places.values()) await place.service.api.finished(place.requestId);
  }, 120_000);

  afterAll(async () => {
    await service.stop();
    await guarded.stop();
    await origin.close();
    await secureOrigin.close();
  });

  async function upload(to: TestService, urls: Record<string, string>, options = {}): Promise<void> {
    const { request_id: requestId } = await to.api.upload(csvOf(Object.values(urls)), options);
    Object.keys(urls).forEach((code, position) => places.set(code, { service: to, requestId, position }));
  }

  /** As an upload does it, without its checks. */
  async function insert(code: Code, sourceUrl: string, request: Partial<ProcessingRequest> = {}) {
    const dispatcher = service.app.get(Dispatcher);
    const dataSource = service.app.get(DataSource);
    const products = [product('SKU1', [pending({ sourceUrl })])];
    const { id } = await insertRequest(dataSource, products, { status: 'pending', ...request });
    await dispatcher.enqueue(await dataSource.transaction((manager) => dispatcher.begin(manager, id, 1, 1)));
    places.set(code, { service, requestId: id, position: 0 });
  }

  it('is provoked here', () => {
    expect([...places.keys(), 'decoder_crash'].toSorted()).toEqual(IMAGE_ERROR_CODES.toSorted());
  });

  it.each(IMAGE_ERROR_CODES.filter((code): code is Code => code !== 'decoder_crash'))(
    '%s is told by the status, the images and the output CSV',
    async (code) => {
      const { service: asked, requestId, position } = places.get(code)!;
      const [image] = await asked.api
        .get<{ data: ImageBody[] }>(`/api/requests/${requestId}/images?error_code=${code}`)
        .then(({ data }) => data);
      expect(image).toMatchObject({
        position,
        status: 'failed',
        output_url: null,
        attempts: 1,
        error: {
          code,
          detail: expect.stringMatching(/^[A-Z].*\.$/),
          retryable: IMAGE_ERRORS[code].retryable,
          http_status: HTTP_STATUS[code] ?? null,
        },
      });

      const { products } = await asked.api.get<StatusBody>(`/api/status/${requestId}`);
      expect(products![position]!.images).toMatchObject([{ status: 'failed', error: image!.error }]);

      const download = await fetch(`${asked.api.url}/api/download/${requestId}?columns=extended`);
      const { data } = Papa.parse<Record<string, string>>(await download.text(), { header: true });
      expect(data[position]).toMatchObject({
        'Output Image Urls': '',
        Status: 'failed',
        'Error Codes': code,
      });
    },
  );

  it('has left the house in order', async () => {
    await expectQuiet(service);
    await expectQuiet(guarded);
  });
});

describe('a transient failure', () => {
  let origin: Origin;
  let service: TestService;

  beforeAll(async () => {
    origin = await startOrigin();
    service = await startService({ IMAGE_ATTEMPTS: '3' });
  });
  afterAll(async () => {
    await service.stop();
    await origin.close();
  });

  it('is tried again in later passes, for as many attempts as there are, and not before the origin wants', async () => {
    const body = await photo().jpeg({ quality: 95 }).toBuffer();
    const askedAt: number[] = [];
    origin.serve('/recovers.jpg', (_, response) => {
      const ok = origin.hits('/recovers.jpg') > 2;
      response.writeHead(ok ? 200 : 503).end(ok ? body : 'busy');
    });
    origin.serve('/asks-for-time.jpg', (_, response) => {
      askedAt.push(performance.now());
      if (askedAt.length === 1) response.writeHead(429, { 'retry-after': '5' }).end();
      else response.end(body);
    });
    origin.serve('/never.jpg', { status: 500 });
    origin.serve('/good.jpg', { body });
    const urls = ['recovers', 'asks-for-time', 'never', 'good'].map((name) => origin.url(`/${name}.jpg`));

    const { request_id: id } = await service.api.upload(csvOf(urls));
    expect(await service.api.finished(id)).toMatchObject({
      status: 'completed',
      counts: { completed: 3, failed: 1 },
    });
    expect(await service.api.images(id)).toMatchObject([
      { status: 'completed', attempts: 3, error: null },
      { status: 'completed', attempts: 2, error: null },
      { status: 'failed', attempts: 3, error: { code: 'http_5xx', http_status: 500 } },
      { status: 'completed', attempts: 1 },
    ]);
    expect(urls.map((url) => origin.hits(new URL(url).pathname))).toEqual([3, 2, 3, 1]);
    expect(askedAt[1]! - askedAt[0]!).toBeGreaterThanOrEqual(5000);
    await expectQuiet(service);
  });
});

describe('a slow host', () => {
  let slow: Origin;
  let fast: Origin;
  let service: TestService;

  beforeAll(async () => {
    slow = await startOrigin();
    fast = await startOrigin();
    // Four slices at once: the images of the slow host alone would fill them.
    service = await startService({ FETCH_PER_HOST: '1', FETCH_CONCURRENCY: '2', FETCH_TIMEOUT: '2min' });
  });
  afterAll(async () => {
    await service.stop();
    await slow.close();
    await fast.close();
  });

  it('holds up no other host; images that found no place there used up no attempt', async () => {
    const body = await photo().jpeg({ quality: 95 }).toBuffer();
    const held: (() => void)[] = [];
    slow.serve('/photo.jpg', (_, response) => void held.push(() => response.end(body)));
    fast.serve('/photo.jpg', { body });
    const hosts = [slow, slow, slow, slow, slow, slow, fast, fast, fast, fast];

    const { request_id: id } = await service.api.upload(csvOf(hosts.map((host) => host.url('/photo.jpg'))));
    await waitFor('the fast host', async () => (await service.api.status(id)).counts.completed === 4);
    expect(slow.requests).toHaveLength(1);
    expect(await service.api.images(id)).toMatchObject([
      ...Array.from({ length: 6 }, () => ({ status: 'pending', attempts: 0 })),
      ...Array.from({ length: 4 }, () => ({ status: 'completed', attempts: 1 })),
    ]);

    slow.serve('/photo.jpg', { body });
    held.forEach((answer) => answer());
    expect(await service.api.finished(id)).toMatchObject({ status: 'completed', counts: { completed: 10 } });
    expect((await service.api.images(id)).map(({ attempts }) => attempts)).toEqual(Array(10).fill(1));
    expect(slow.requests).toHaveLength(6);
    await expectQuiet(service);
  }, 90_000);
});
