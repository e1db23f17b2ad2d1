import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import sharp, { type Metadata } from 'sharp';
import { Webhook } from 'standardwebhooks';
import type { DataSource } from 'typeorm';
import type { RegisteredWebhookDto } from '../../src/webhooks/webhooks.dto.js';
import type { ListedImageBody } from '../../src/requests/image-body.dto.js';
import type { StatusBody } from '../../src/requests/pages.dto.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { connect, expectInvariants } from '../support/invariants.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let service: TestService;
let origin: Origin;
let receiver: WebhookReceiver;
let look: DataSource;
/** One in each of the three formats of shops, 320 × 240, far from compressed. */
let sources: Buffer[];

beforeAll(async () => {
  service = await startService();
  origin = await startOrigin();
  look = await connect(service.databaseUrl);
  sources = await Promise.all([
    photo().jpeg({ quality: 98 }).toBuffer(),
    photo().png().toBuffer(),
    photo().webp({ quality: 98 }).toBuffer(),
  ]);
  ['/1.jpg', '/2.png', '/3.webp'].forEach((path, index) => origin.serve(path, { body: sources[index]! }));
});
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());
afterAll(async () => {
  await look.destroy();
  await origin.close();
  await service.stop();
});

/** The contract's example: two rows, three images. */
function csvOf(...paths: [string, string, string]): string {
  const [first, second, third] = paths.map((path) => origin.url(path));
  return `${HEADER}\n1,SKU1,"${first},${second}"\n2,SKU2,${third}\n`;
}

const api = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(service.env.publicUrl + path, init);

async function listedImages(id: string): Promise<ListedImageBody[]> {
  return (await service.api.images(id)) as ListedImageBody[];
}

const bytesAt = async (url: string): Promise<Buffer> => Buffer.from(await (await fetch(url)).arrayBuffer());

/** Stands at a path of the origin and does not answer before it is told. */
function heldBack(body: Buffer): { listener: RequestListener; release: () => void } {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { listener: (_request, response) => void released.then(() => response.end(body)), release };
}

/** What sharp says of each output of the three sources. */
async function outputs(fields: Record<string, string>): Promise<Metadata[]> {
  const { request_id } = await service.api.upload(csvOf('/1.jpg', '/2.png', '/3.webp'), fields);
  await service.api.finished(request_id);
  const images = await listedImages(request_id);
  return Promise.all(
    images.map(async (image) => {
      const bytes = await bytesAt(image.output_url!);
      const { format, width, height, isProgressive } = await sharp(bytes).metadata();
      expect({ width, height }).toEqual({ width: image.width, height: image.height });
      return { format, width, height, isProgressive, size: bytes.length } as Metadata;
    }),
  );
}
const total = (files: Metadata[]): number => files.reduce((sum, { size }) => sum + size!, 0);

describe('the job, from the CSV to the webhook', () => {
  let accepted: AcceptedBody;
  let answer: Response;
  let status: StatusBody;
  let images: ListedImageBody[];

  beforeAll(async () => {
    const hook = await startWebhookReceiver();
    answer = await service.api.post(csvOf('/1.jpg', '/2.png', '/3.webp'), {
      webhook_url: hook.url(),
      label: 'spring',
    });
    accepted = (await answer.json()) as AcceptedBody;
    await service.api.finished(accepted.request_id);
    status = await service.api.get<StatusBody>(`/api/status/${accepted.request_id}`);
    images = await listedImages(accepted.request_id);
    await hook.close();
  });

  it('is accepted with 202', () => {
    const { publicUrl } = service.env;
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(accepted.status_url);
    expect(accepted).toEqual({
      request_id: expect.stringMatching(UUID),
      status: 'pending',
      product_count: 2,
      image_count: 3,
      warnings: [],
      message: 'Processing started',
      status_url: `${publicUrl}/api/status/${accepted.request_id}`,
      download_url: `${publicUrl}/api/download/${accepted.request_id}`,
      webhook_secret: expect.stringMatching(/^whsec_[\w+/]{32,}=*$/),
    });
  });

  it('has a status', () => {
    const imageAt = (position: number, path: string): unknown => ({
      position,
      input_url: origin.url(path),
      output_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/files\/[\w./-]+$/),
      status: 'completed',
      original_size: sources[position]!.length,
      compressed_size: expect.any(Number),
      kept_original: false,
      error: null,
      attempts: 1,
    });
    const output = images.reduce((sum, image) => sum + image.compressed_size!, 0);
    const input = sources.reduce((sum, source) => sum + source.length, 0);
    const csvPath = `/api/download/${accepted.request_id}`;
    expect(status).toEqual({
      request_id: accepted.request_id,
      status: 'completed',
      run: 1,
      label: 'spring',
      file_name: 'products.csv',
      options: { quality: 50, format: 'same', effort: 'balanced', max_width: null, max_height: null },
      product_count: 2,
      image_count: 3,
      counts: { pending: 0, completed: 3, failed: 0, cancelled: 0 },
      progress: 100,
      eta_seconds: null,
      bytes: { input, output, saved: input - output },
      created_at: expect.stringMatching(TIME),
      started_at: expect.stringMatching(TIME),
      finished_at: expect.stringMatching(TIME),
      expires_at: expect.any(String),
      output_csv_url: service.env.publicUrl + csvPath,
      output_csv_path: csvPath,
      products: [
        {
          row: 1,
          serial_number: '1',
          product_name: 'SKU1',
          images: [imageAt(0, '/1.jpg'), imageAt(1, '/2.png')],
        },
        { row: 2, serial_number: '2', product_name: 'SKU2', images: [imageAt(2, '/3.webp')] },
      ],
      products_url: `${service.env.publicUrl}/api/requests/${accepted.request_id}/images`,
    });
    expect(status.started_at! >= status.created_at).toBe(true);
    expect(status.finished_at! >= status.started_at!).toBe(true);
  });

  it('has the same status at /api/requests, and one without products', async () => {
    const id = accepted.request_id;
    const { products, ...rest } = status;
    expect(products).toHaveLength(2);
    expect(await service.api.get(`/api/requests/${id}`)).toEqual(status);
    expect(await service.api.get(`/api/status/${id}?products=false`)).toEqual(rest);
    expect(await service.api.get(`/api/requests?label=spring`)).toEqual({ data: [rest], next_cursor: null });
  });

  it('lists its images with what is known of the outputs', async () => {
    const listed = status.products!.flatMap(({ images: ofProduct, ...product }) =>
      ofProduct.map((image) => Object.assign(image, product)),
    );
    expect(images).toEqual(
      listed.map((image, position) =>
        Object.assign(image, {
          content_type: ['image/jpeg', 'image/png', 'image/webp'][position],
          width: 320,
          height: 240,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          finished_at: expect.stringMatching(TIME),
        }),
      ),
    );
  });

  it('serves the images', async () => {
    for (const image of images) {
      const file = await fetch(image.output_url!);
      const bytes = Buffer.from(await file.arrayBuffer());
      expect(file.status).toBe(200);
      expect(Object.fromEntries(file.headers)).toMatchObject({
        'content-type': image.content_type,
        'content-length': String(image.compressed_size),
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'accept-ranges': 'bytes',
        etag: expect.any(String),
      });
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(image.sha256);
      expect(bytes.length).toBeLessThan(image.original_size!);
      expect(await sharp(bytes).metadata()).toMatchObject({ width: 320, height: 240 });
      const part = await fetch(image.output_url!, { headers: { range: 'bytes=0-9' } });
      expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, bytes.subarray(0, 10)]);
    }
  });

  it('gives the output CSV', async () => {
    const [first, second, third] = images.map((image) => image.output_url);
    const [one, two, three] = images.map((image) => image.input_url);
    const response = await fetch(accepted.download_url);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="output_${accepted.request_id}.csv"`,
    );
    expect(await response.text()).toBe(
      'S. No.,Product Name,Input Image Urls,Output Image Urls\r\n' +
        `1,SKU1,"${one},${two}","${first},${second}"\r\n` +
        `2,SKU2,${three},${third}\r\n`,
    );
  });

  it('gives the extended output CSV', async () => {
    const [first, second, third] = images.map((image) => image.output_url);
    const [one, two, three] = images.map((image) => image.input_url);
    const [a, b, c] = images.map((image) => image.compressed_size!);
    const [original, , last] = sources.map((source) => source.length);
    const response = await api(`${status.output_csv_path}?columns=extended`);
    expect(await response.text()).toBe(
      'S. No.,Product Name,Input Image Urls,Output Image Urls,Status,Error Codes,Original Bytes,Compressed Bytes\r\n' +
        `1,SKU1,"${one},${two}","${first},${second}",completed,,${original! + sources[1]!.length},${a! + b!}\r\n` +
        `2,SKU2,${three},${third},completed,,${last},${c}\r\n`,
    );
  });

  it('tells a webhook that is registered after the end at once', async () => {
    const response = await api('/api/webhook', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ webhook_url: receiver.url('/late'), request_id: accepted.request_id }),
    });
    expect(response.status).toBe(201);
    const registered = (await response.json()) as RegisteredWebhookDto;
    expect(registered).toEqual({
      webhook_id: expect.stringMatching(/^whk_[^.]+$/),
      webhook_url: receiver.url('/late'),
      request_id: accepted.request_id,
      events: ['request.completed', 'request.failed', 'request.cancelled'],
      secret: expect.stringMatching(/^whsec_/),
      message: expect.stringContaining('already finished'),
    });
    await receiver.arrived(1);
    const [post] = receiver.posts;
    expect(new Webhook(registered.secret).verify(post!.body, post!.headers)).toMatchObject({
      type: 'request.completed',
      request_id: accepted.request_id,
    });
  });
});

describe('the webhook of an upload', () => {
  it('has the documented body and a signature that verifies', async () => {
    const { request_id, webhook_secret } = await service.api.upload(csvOf('/1.jpg', '/2.png', '/3.webp'), {
      webhook_url: receiver.url(),
    });
    await receiver.arrived(1);
    const [post] = receiver.posts;
    expect(post!.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^evt_[^.]+$/),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
    });
    const body = await service.api.status(request_id);
    expect(new Webhook(webhook_secret!).verify(post!.body, post!.headers)).toEqual({
      type: 'request.completed',
      timestamp: body.finished_at,
      request_id,
      status: 'completed',
      message: 'Processing completed',
      output_csv_url: body.output_csv_url,
      data: body,
    });
    expect(post!.body.length).toBeLessThan(20_000);
    const forged = Buffer.from(post!.body.toString().replace('completed', 'cancelled'));
    expect(() => new Webhook(webhook_secret!).verify(forged, post!.headers)).toThrow('No matching signature');
  });

  it('says request.failed when no image succeeded', async () => {
    const csv = csvOf('/gone-1.jpg', '/gone-2.jpg', '/gone-3.jpg');
    const { request_id } = await service.api.upload(csv, { webhook_url: receiver.url() });
    await receiver.arrived(1);
    expect(JSON.parse(receiver.posts[0]!.body.toString())).toMatchObject({
      type: 'request.failed',
      status: 'failed',
      message: 'Processing failed',
      data: { request_id, counts: { completed: 0, failed: 3 }, progress: 100 },
    });
  });
});

describe('a broken image among good ones', () => {
  it.each([
    [
      { status: 404 },
      'http_404',
      { code: 'http_404', detail: expect.any(String), retryable: false, http_status: 404 },
    ],
    [
      { body: '<html>Please log in</html>' },
      'not_an_image',
      { code: 'not_an_image', detail: expect.any(String), retryable: false, http_status: null },
    ],
  ])('%j is told as %s, its place in the output is empty', async (served, code, error) => {
    origin.serve('/broken.jpg', served);
    const { request_id } = await service.api.upload(csvOf('/1.jpg', '/broken.jpg', '/3.webp'));
    expect(await service.api.finished(request_id)).toMatchObject({
      status: 'completed',
      counts: { pending: 0, completed: 2, failed: 1, cancelled: 0 },
      progress: 100,
    });
    const [first, broken, third] = await listedImages(request_id);
    expect(broken).toMatchObject({
      status: 'failed',
      output_url: null,
      compressed_size: null,
      kept_original: null,
      content_type: null,
      error,
      attempts: 1,
    });
    const csv = await (await api(`/api/download/${request_id}?columns=extended`)).text();
    expect(csv.split('\r\n').slice(1)).toEqual([
      `1,SKU1,"${first!.input_url},${broken!.input_url}","${first!.output_url},",failed,",${code}",${first!.original_size},${first!.compressed_size}`,
      `2,SKU2,${third!.input_url},${third!.output_url},completed,,${third!.original_size},${third!.compressed_size}`,
      '',
    ]);
    const filtered = await service.api.get<{ data: unknown[] }>(
      `/api/requests/${request_id}/images?status=failed&error_code=${code}`,
    );
    expect(filtered.data).toEqual([broken]);
  });
});

describe('a request that is not finished', () => {
  it('has a status, no output yet, and gives what there is', async () => {
    const { listener, release } = heldBack(sources[1]!);
    origin.serve('/held-back.png', listener);
    const { request_id } = await service.api.upload(csvOf('/1.jpg', '/held-back.png', '/3.webp'));
    const running = await waitFor('two of three images', async () => {
      const body = await service.api.status(request_id);
      return body.counts.completed === 2 && body;
    });
    expect(running).toMatchObject({
      status: 'processing',
      counts: { pending: 1, completed: 2, failed: 0, cancelled: 0 },
      progress: 66.7,
      started_at: expect.stringMatching(TIME),
      finished_at: null,
      output_csv_url: null,
      output_csv_path: null,
    });
    const refused = await api(`/api/download/${request_id}`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await expectProblem(refused, 409, 'not_finished');

    const [first, pending, third] = await listedImages(request_id);
    expect(pending).toMatchObject({ status: 'pending', output_url: null, error: null });
    const partial = await api(`/api/download/${request_id}?partial=true`);
    expect(await partial.text()).toBe(
      `${HEADER},Output Image Urls\r\n` +
        `1,SKU1,"${first!.input_url},${pending!.input_url}","${first!.output_url},"\r\n` +
        `2,SKU2,${third!.input_url},${third!.output_url}\r\n`,
    );

    release();
    expect(await service.api.finished(request_id)).toMatchObject({ status: 'completed', progress: 100 });
    expect((await api(`/api/download/${request_id}`)).status).toBe(200);
  });
});

describe('the options', () => {
  it('format and sizes are kept unless asked for', async () => {
    expect((await outputs({})).map(({ format, width }) => [format, width])).toEqual([
      ['jpeg', 320],
      ['png', 320],
      ['webp', 320],
    ]);
  });

  it.each(['jpeg', 'png', 'webp'])('format=%s', async (format) => {
    // At quality 1, so that none is larger than its source, whose bytes would be kept.
    const files = await outputs({ format, quality: '1', max_width: '100' });
    expect(files.map((file) => file.format)).toEqual([format, format, format]);
  });

  it('format=avif', async () => {
    // libvips calls the container by its name.
    expect((await outputs({ format: 'avif' })).map(({ format }) => format)).toEqual(['heif', 'heif', 'heif']);
  });

  it('max_width and max_height shrink, and never enlarge', async () => {
    const sizes = async (fields: Record<string, string>): Promise<unknown> =>
      (await outputs(fields)).map(({ width, height }) => [width, height])[0];
    expect(await sizes({ max_width: '160' })).toEqual([160, 120]);
    expect(await sizes({ max_height: '60' })).toEqual([80, 60]);
    expect(await sizes({ max_width: '160', max_height: '60' })).toEqual([80, 60]);
    expect(await sizes({ max_width: '5000', max_height: '5000' })).toEqual([320, 240]);
  });

  it('quality', async () => {
    const [low, middle, high] = await Promise.all(
      ['20', '50', '80'].map((quality) => outputs({ quality, format: 'webp' })),
    );
    expect(total(low!)).toBeLessThan(total(middle!));
    expect(total(middle!)).toBeLessThan(total(high!));
    expect(await outputs({ format: 'webp' })).toEqual(middle);
  });

  it('effort', async () => {
    const [fast, balanced, small] = await Promise.all(
      ['fast', 'balanced', 'small'].map((effort) => outputs({ effort })),
    );
    expect(total(fast!)).toBeGreaterThan(total(balanced!));
    expect(total(balanced!)).toBeGreaterThan(total(small!));
    // mozjpeg's are progressive.
    expect([fast, balanced, small].map((files) => files![0]!.isProgressive)).toEqual([false, false, true]);
    expect(await outputs({})).toEqual(balanced);
  });
});

it('leaves everything as it should be', async () => {
  await waitFor('the last slice', async () => {
    const open = await look.query<unknown[]>(`SELECT 1 FROM slice WHERE state <> 'done'`);
    return open.length === 0;
  });
  await expectInvariants(look, join(service.dataDir, 'files'));
});
