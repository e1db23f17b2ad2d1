import type { RequestListener } from 'node:http';
import { DataSource } from 'typeorm';
import type { ListedImageBody } from '../../src/requests/image-body.dto.js';
import type { RequestPage } from '../../src/requests/pages.dto.js';
import type { RequestBody } from '../../src/requests/request-body.dto.js';
import { objectKey } from '../../src/storage/object-key.js';
import { ObjectStorage } from '../../src/storage/object-storage.js';
import type { WebhookPage } from '../../src/webhooks/webhooks.dto.js';
import { EventStreamClient } from '../support/event-stream-client.js';
import { connect, expectInvariants } from '../support/invariants.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { insertRequest, product } from '../support/requests.js';
import { startService, type TestService } from '../support/service.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { WebhooksClient } from '../support/webhooks-client.js';

let origin: Origin;
let good: Buffer;
let service: TestService;
let database: DataSource;
let webhooks: WebhooksClient;
let receiver: WebhookReceiver;

beforeAll(async () => {
  origin = await startOrigin();
  good = await photo(160, 120).jpeg({ quality: 95 }).toBuffer();
  // A download may last as long as it likes: what ends it is that the worker lets go.
  service = await startService({ LEASE: '3s', FETCH_TIMEOUT: '5min', SHUTDOWN_TIMEOUT: '0s' });
  database = await connect(service.databaseUrl);
  webhooks = new WebhooksClient(service.api);
});
afterAll(async () => {
  await database.destroy();
  await service.stop();
  await origin.close();
});
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const call = (method: string, path: string, body?: unknown) =>
  fetch(service.api.url + path, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });

/** An answer of 202, which is the status with its first products. */
async function accepted(method: string, path: string): Promise<RequestBody> {
  const answer = await call(method, path);
  expect(answer.status).toBe(202);
  return (await answer.json()) as RequestBody;
}
const cancel = (id: string) => accepted('POST', `/api/requests/${id}/cancel`);
const retry = (id: string) => accepted('POST', `/api/requests/${id}/retry`);
const remove = (id: string) => call('DELETE', `/api/requests/${id}`);

const csvOf = (...paths: string[]) =>
  [
    'S. No.,Product Name,Input Image Urls',
    ...paths.map((path, n) => `${n + 1},SKU${n + 1},${origin.url(path)}`),
  ].join('\n');

const told = () =>
  receiver.posts.map(({ headers, body }) => {
    const { type, data } = JSON.parse(body.toString()) as { type: string; data: RequestBody };
    return { id: headers['webhook-id'], type, run: data.run, counts: data.counts };
  });

/** Once nothing is at work any more, what always holds does. */
async function expectQuiet(): Promise<void> {
  const holds = () => expectInvariants(database, service.env.storage.directory);
  await waitFor('quiet', () =>
    holds().then(
      () => true,
      () => false,
    ),
  ).catch(holds);
}

/** Sends the beginning of an image, and tells when the other side has hung up. */
function unfinished(): { listener: RequestListener; left: Promise<void> } {
  let leave!: () => void;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': good.length });
    response.write(good.subarray(0, good.length / 2));
    response.on('close', leave);
  };
  return { listener, left };
}

it('cancel stops the downloads that run, and retry does what was left', async () => {
  origin.serve('/cancel/good.jpg', { body: good });
  const held = [unfinished(), unfinished()];
  held.forEach(({ listener }, n) => origin.serve(`/cancel/held-${n}.jpg`, listener));
  const csv = csvOf('/cancel/good.jpg', '/cancel/held-0.jpg', '/cancel/held-1.jpg', '/cancel/missing.jpg');
  const { request_id: id } = await service.api.upload(csv, { webhook_url: receiver.url() });
  await waitFor('all that can end', async () => {
    const { counts } = await service.api.status(id);
    return counts.completed === 1 && counts.failed === 1;
  });
  const listener = await EventStreamClient.open<RequestBody>(`${service.api.url}/api/requests/${id}/events`);

  const counts = { pending: 0, completed: 1, failed: 1, cancelled: 2 };
  const cancelled = await cancel(id);
  expect(cancelled).toMatchObject({
    status: 'cancelled',
    run: 1,
    counts,
    eta_seconds: null,
    finished_at: expect.any(String),
    expires_at: expect.any(String),
    output_csv_url: expect.stringContaining(id),
    products: expect.any(Array),
  });
  expect(cancelled.progress).toBeLessThan(100);
  await Promise.all(held.map(({ left }) => left));
  expect(await cancel(id)).toEqual(cancelled);
  expect((await listener.closed()).events.at(-1)).toMatchObject({
    id: '1-done',
    data: { status: 'cancelled', counts },
  });

  const images = await service.api.images(id);
  expect(images.map(({ status, error }) => [status, error?.code])).toEqual([
    ['completed', undefined],
    ['cancelled', undefined],
    ['cancelled', undefined],
    ['failed', 'http_404'],
  ]);
  const { data } = await service.api.get<{ data: ListedImageBody[] }>(
    `/api/requests/${id}/images?status=cancelled`,
  );
  expect(data.map(({ position }) => position)).toEqual([1, 2]);
  const output = await (await call('GET', `/api/download/${id}?columns=extended`)).text();
  expect(output.split('\r\n').slice(1, 5)).toEqual([
    expect.stringMatching(/^1,SKU1,[^,]+,http[^,]+,completed,,/),
    expect.stringMatching(/^2,SKU2,[^,]+,,cancelled,,,$/),
    expect.stringMatching(/^3,SKU3,[^,]+,,cancelled,,,$/),
    expect.stringMatching(/^4,SKU4,[^,]+,,failed,http_404,,$/),
  ]);
  await receiver.arrived(1);
  expect(told()).toEqual([{ id: expect.any(String), type: 'request.cancelled', run: 1, counts }]);
  await expectQuiet();

  for (const n of [0, 1]) origin.serve(`/cancel/held-${n}.jpg`, { body: good });
  expect(await retry(id)).toMatchObject({ run: 2, finished_at: null, expires_at: null, eta_seconds: null });
  const last = { 'last-event-id': '1-done' };
  const again = await EventStreamClient.open<RequestBody>(
    `${service.api.url}/api/requests/${id}/events`,
    last,
  );
  expect((await again.closed()).events.at(-1)).toMatchObject({
    id: '2-done',
    data: { status: 'completed', run: 2, progress: 100 },
  });
  const afterAll = { pending: 0, completed: 3, failed: 1, cancelled: 0 };
  expect(await service.api.status(id)).toMatchObject({ status: 'completed', counts: afterAll });
  // What was completed was not asked for again.
  expect(origin.hits('/cancel/good.jpg')).toBe(1);
  expect(origin.hits('/cancel/missing.jpg')).toBe(2);
  await receiver.arrived(2);
  expect(told()[1]).toMatchObject({ type: 'request.completed', run: 2, counts: afterAll });
  expect(new Set(told().map((event) => event.id)).size).toBe(2);
  await expectQuiet();
});

it('retry works until there is nothing left to retry', async () => {
  const csv = csvOf('/retry/a.jpg', '/retry/b.jpg');
  const { request_id: id } = await service.api.upload(csv, { webhook_url: receiver.url() });
  expect(await service.api.finished(id)).toMatchObject({ status: 'failed', counts: { failed: 2 } });
  origin.serve('/retry/b.jpg', { body: good });
  await retry(id);
  expect(await service.api.finished(id)).toMatchObject({
    status: 'completed',
    run: 2,
    counts: { failed: 1 },
  });
  origin.serve('/retry/a.jpg', { body: good });
  await retry(id);
  expect(await service.api.finished(id)).toMatchObject({ run: 3, counts: { completed: 2, failed: 0 } });
  await expectProblem(call('POST', `/api/requests/${id}/retry`), 409, 'nothing_to_retry');
  await expectProblem(call('POST', `/api/requests/${id}/cancel`), 409, 'already_finished');
  await receiver.arrived(3);
  expect(told().map(({ type, run }) => [type, run])).toEqual([
    ['request.failed', 1],
    ['request.completed', 2],
    ['request.completed', 3],
  ]);
  await expectQuiet();
});

/** Every call that takes a request's id. */
const calls = (id: string): [name: string, answer: () => Promise<Response>][] => {
  const webhook_url = receiver.url();
  return [
    ...[
      'status/:id',
      'requests/:id',
      'requests/:id/images',
      'requests/:id/errors',
      'requests/:id/events',
      'download/:id',
    ].map((path): [string, () => Promise<Response>] => [
      path,
      () => call('GET', `/api/${path.replace(':id', id)}`),
    ]),
    ['cancel', () => call('POST', `/api/requests/${id}/cancel`)],
    ['retry', () => call('POST', `/api/requests/${id}/retry`)],
    ['delete', () => remove(id)],
    ['webhooks', () => call('POST', '/api/webhooks', { webhook_url, request_id: id })],
    ['webhook', () => call('POST', '/api/webhook', { webhook_url, request_id: id })],
  ];
};

async function expectGone(id: string): Promise<void> {
  for (const [, answer] of calls(id)) await expectProblem(answer(), 404, 'not_found');
  const { data } = await service.api.get<RequestPage>('/api/requests?limit=200');
  expect(data.map(({ request_id }) => request_id)).not.toContain(id);
}

/** A request of one image, as a worker has left it that was killed when it had put an object and not recorded it. */
async function leftBehind(path: string): Promise<string> {
  const { id } = await insertRequest(
    service.app.get(DataSource),
    [product('SKU1', [{ sourceUrl: origin.url(path) }])],
    { status: 'processing', publicUrl: service.env.publicUrl },
  );
  const orphan = objectKey({ requestId: id, position: 0, sourceUrl: origin.url(path), extension: 'jpg' });
  await service.app.get(ObjectStorage).put(orphan, good, 'image/jpeg');
  await database.query(
    `INSERT INTO slice (request_id, run, number, first_position, last_position, state, starts, lease_until)
     VALUES ($1, 1, 0, 0, 0, 'running', 1, now())`,
    [id],
  );
  return id;
}

describe('an object that a killed worker had put and not recorded', () => {
  it('goes with the pass of the next worker, although its last outcome has ended the request', async () => {
    origin.serve('/killed/good.jpg', { body: good });
    const id = await leftBehind('/killed/good.jpg');
    expect(await service.api.finished(id)).toMatchObject({ status: 'completed' });
    await expectQuiet();
  });

  it('goes when the next worker is stopped by a cancellation', async () => {
    const held = unfinished();
    origin.serve('/killed/held.jpg', held.listener);
    const id = await leftBehind('/killed/held.jpg');
    await waitFor('the download to begin', async () => origin.hits('/killed/held.jpg') === 1);
    await cancel(id);
    await held.left;
    await expectQuiet();
  });
});

it('DELETE makes a request be gone at once for everyone, and its rows and files soon', async () => {
  origin.serve('/delete/good.jpg', { body: good });
  const { webhook_id: all } = await webhooks.register({ webhook_url: receiver.url('/all') });
  const upload = () =>
    service.api
      .upload(csvOf('/delete/good.jpg'), { webhook_url: receiver.url() })
      .then((body) => body.request_id);
  const id = await upload();
  const other = await upload();
  await Promise.all([service.api.finished(id), service.api.finished(other)]);
  const { webhook_id: own } = await webhooks.ofRequest(id);
  const delivery = (await webhooks.settled(own))[0]!;
  await webhooks.settled(all, 2);
  const [image] = await service.api.images(id);
  const file = image!.output_url!;
  expect((await fetch(file)).status).toBe(200);

  expect((await remove(id)).status).toBe(204);
  await expectGone(id);
  await expectProblem(call('GET', `/api/webhooks/${own}`), 404, 'not_found');
  await expectProblem(call('GET', `/api/deliveries/${delivery.delivery_id}`), 404, 'not_found');
  await expectProblem(call('POST', `/api/deliveries/${delivery.delivery_id}/redeliver`), 404, 'not_found');
  const { data: endpoints } = await service.api.get<WebhookPage>('/api/webhooks?limit=200');
  expect(endpoints.map(({ webhook_id }) => webhook_id)).toContain(all);
  expect((await webhooks.deliveries(all)).map(({ request_id }) => request_id)).toEqual([other]);

  await waitFor('its file to be gone', async () => (await fetch(file)).status === 404);
  await expectQuiet();
  expect(await service.api.status(other)).toMatchObject({ status: 'completed' });
  expect((await webhooks.call('DELETE', `/api/webhooks/${all}`)).status).toBe(204);
});

it('DELETE is refused while a request is open, and follows a cancellation whose workers are still at it', async () => {
  const held = unfinished();
  origin.serve('/open/held.jpg', held.listener);
  const { request_id: id } = await service.api.upload(csvOf('/open/held.jpg'));
  await waitFor('the download to begin', async () => origin.hits('/open/held.jpg') === 1);
  await expectProblem(remove(id), 409, 'not_terminal');
  await expectProblem(call('POST', `/api/requests/${id}/retry`), 409, 'not_terminal');
  await cancel(id);
  expect((await remove(id)).status).toBe(204);
  await expectGone(id);
  await held.left;
  await expectQuiet();
});

it('a request goes by itself when its time is over', async () => {
  origin.serve('/expire/good.jpg', { body: good });
  const { request_id: id } = await service.api.upload(csvOf('/expire/good.jpg'));
  const { finished_at: end, expires_at: expiry } = await service.api.finished(id);
  expect(Date.parse(expiry!) - Date.parse(end!)).toBe(30 * 86_400_000);
  await database.query(`UPDATE processing_request SET expires_at = now() WHERE id = $1`, [id]);
  await waitFor('its removal', async () => (await call('GET', `/api/status/${id}`)).status === 404);
  await expectGone(id);
  await expectQuiet();
});

it('what belongs to somebody else is not there', async () => {
  const { id } = await insertRequest(service.app.get(DataSource), undefined, { ownerId: 'somebody-else' });
  await expectGone(id);
  const [row] = await database.query<unknown[]>(
    `SELECT status, run, deleted_at FROM processing_request WHERE id = $1`,
    [id],
  );
  expect(row).toEqual({ status: 'completed', run: 1, deleted_at: null });
});
