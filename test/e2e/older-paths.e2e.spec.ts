import type { StatusBody } from '../../src/requests/pages.dto.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf, HEADER } from '../support/upload-form.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestService;
let origin: Origin;
let receiver: WebhookReceiver;
let csv: string;
let accepted: AcceptedBody;

beforeAll(async () => {
  service = await startService();
  origin = await startOrigin();
  receiver = await startWebhookReceiver();
  origin.serve('/1.jpg', { body: await photo().jpeg({ quality: 98 }).toBuffer() });
  csv = `${HEADER}\n1,SKU1,${origin.url('/1.jpg')}\n`;
  accepted = await service.api.upload(csv);
  await service.api.finished(accepted.request_id);
});
afterAll(async () => {
  await receiver.close();
  await origin.close();
  await service.stop();
});

const at = (path: string, init?: RequestInit): Promise<Response> => fetch(service.env.publicUrl + path, init);
const postJson = (path: string, body: object): Promise<Response> =>
  at(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('clients of older systems', () => {
  it.each([
    '/api/upload',
    '/api/upload/',
    '/upload',
    '/upload/',
    '/image_process/upload',
    '/image_process/upload/',
    '/image_process/api/upload',
  ])('upload at %s', async (path) => {
    const response = await at(path, { method: 'POST', body: formOf([FILE], csv) });
    expect(response.status).toBe(202);
    const body = (await response.json()) as AcceptedBody;
    expect(body).toMatchObject({ status: 'pending', image_count: 1 });
    expect((await service.api.finished(body.request_id)).status).toBe('completed');
  });

  it('upload with options in the query, behind a slash', async () => {
    const response = await at('/image_process/upload/?validate_only=true', {
      method: 'POST',
      body: formOf([FILE], csv),
    });
    expect(await response.json()).toMatchObject({ valid: true });
  });

  it.each(['/api/status/', '/status/', '/image_process/status/'])(
    'ask for the status at %s',
    async (path) => {
      const status = await service.api.get<StatusBody>(`/api/status/${accepted.request_id}`);
      expect(status).toMatchObject({ request_id: accepted.request_id, status: 'completed' });
      expect(status.products![0]!.images[0]!.output_url).not.toBeNull();
      expect(await service.api.get(`${path}${accepted.request_id}`)).toEqual(status);
      expect(await service.api.get(`${path}${accepted.request_id}/`)).toEqual(status);
    },
  );

  it.each(['/api/download/', '/download/', '/image_process/download/'])('download at %s', async (path) => {
    const csvAt = async (url: string): Promise<string> => (await at(url)).text();
    const output = await csvAt(`/api/download/${accepted.request_id}`);
    expect(output).toMatch(/^S\. No\.,Product Name,Input Image Urls,Output Image Urls\r\n1,SKU1,/);
    expect(await csvAt(`${path}${accepted.request_id}`)).toBe(output);
    expect(await csvAt(`${path}${accepted.request_id}/`)).toBe(output);
  });

  it.each([
    '/api/webhooks',
    '/api/webhook',
    '/webhook',
    '/webhook/',
    '/image_process/webhook',
    '/image_process/webhook/',
  ])('register a webhook and try one at %s', async (path) => {
    const before = receiver.posts.length;
    const registered = await postJson(path, {
      webhook_url: receiver.url(path),
      request_id: accepted.request_id,
    });
    expect(registered.status).toBe(201);
    expect(await registered.json()).toMatchObject({
      webhook_url: receiver.url(path),
      secret: expect.any(String),
    });
    await receiver.arrived(before + 1);
    expect(receiver.posts[before]!.path).toBe(path);

    const tried = await postJson(path, {
      request_id: accepted.request_id,
      status: 'completed',
      output_csv_url: 'http://shop.example/x',
    });
    expect(tried.status).toBe(200);
    expect(await tried.json()).toEqual({ status: 'Webhook received' });
  });

  it.each([
    '/uploads',
    '/statuses/1',
    '/image_processing/upload',
    '/image_process/image_process/upload',
    '//upload',
  ])('find nothing at %s', async (path) => {
    expect((await at(path, { method: 'POST' })).status).toBe(404);
  });
});

it('the documentation has its assets behind a slash too', async () => {
  for (const page of ['/docs', '/docs/']) {
    const html = await (await at(page)).text();
    const assets = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, path]) => path!);
    expect(assets.length).toBeGreaterThan(0);
    for (const asset of assets) {
      const { pathname } = new URL(asset, `${service.env.publicUrl}${page}`);
      const response = await at(pathname);
      // Read to its end: a connection in the middle of an answer would hold up the end of the service.
      expect([pathname, response.status]).toEqual([pathname, 200]);
      expect(await response.text()).not.toBe('');
    }
  }
});
