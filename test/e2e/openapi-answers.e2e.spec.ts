import { DataSource } from 'typeorm';
import { DEFAULT_OWNER } from '../../src/access/owner.js';
import { IdempotencyKeys } from '../../src/requests/idempotency-keys.js';
import { stall, startOrigin, type Origin } from '../support/origin.js';
import {
  closed,
  committedDocument,
  faultsOf,
  operationsOf,
  type OpenApiDocument,
} from '../support/openapi-document.js';
import { photo } from '../support/pictures.js';
import { startService, type TestService } from '../support/service.js';
import { WebhooksClient } from '../support/webhooks-client.js';

/** Stands for the type of an answer without a body. */
const EMPTY = 'none';
const NOBODY = '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90';

/** No answer may hold what the document does not tell of. */
const document: OpenApiDocument = closed(committedDocument());
const operations = operationsOf(document);
/** `operation status` of every answer that was looked at. */
const seen = new Set<string>();

let origin: Origin;
let service: TestService;
/** A request that has finished, and one that cannot. */
let finished: string;
let open: string;

beforeAll(async () => {
  origin = await startOrigin();
  origin.serve('/good.jpg', { body: await photo(160, 120).jpeg({ quality: 95 }).toBuffer() });
  origin.serve('/never.jpg', stall());
  service = await startService({ FETCH_TIMEOUT: '5min', SHUTDOWN_TIMEOUT: '0s' });
  const csv = (name: string) => `Name,Image\nSKU1,${origin.url(name)}\nSKU2,${origin.url('/missing.jpg')}\n`;
  finished = (await service.api.upload(csv('/good.jpg'))).request_id;
  open = (await service.api.upload(csv('/never.jpg'))).request_id;
  await service.api.finished(finished);
});

afterAll(async () => {
  await service.stop();
  await origin.close();
});

/** Calls an operation, and expects an answer with the status, of a type and with a body as the document has them. */
async function expectAnswer(
  operationId: string,
  status: number,
  { path = {}, query = '', ...init }: RequestInit & { path?: Record<string, string>; query?: string } = {},
): Promise<void> {
  const { method, path: template, responses } = operations.find((one) => one.operationId === operationId)!;
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) => path[name]!);
  const answer = await fetch(service.api.url + address + query, { method: method.toUpperCase(), ...init });
  expect({ operationId, status: answer.status }).toEqual({ operationId, status });
  seen.add(`${operationId} ${status}`);
  const { content = { [EMPTY]: { schema: { const: '' } } } } = responses[status]!;
  const text = await answer.text();
  const type = text === '' ? EMPTY : answer.headers.get('content-type')!.split(';')[0]!;
  expect(Object.keys(content)).toContain(type);
  const body: unknown = type.endsWith('json') ? JSON.parse(text) : text;
  expect(faultsOf(body, content[type]!.schema, document)).toEqual([]);
}

const form = (csv: string, options: Record<string, string> = {}): FormData => {
  const data = new FormData();
  data.append('file', new Blob([csv]), 'products.csv');
  for (const [name, value] of Object.entries(options)) data.append(name, value);
  return data;
};
const json = (body: unknown): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

it('uploadCsv answers as described', async () => {
  const good = `Name,Image\nSKU1,${origin.url('/good.jpg')}`;
  const odd = Buffer.from(`Name,Image\nCaf\xe9,ftp://shop.example/a.jpg\n,\n`, 'latin1').toString('latin1');
  await expectAnswer('uploadCsv', 202, { body: form(good, { webhook_url: origin.url('/hook') }) });
  await expectAnswer('uploadCsv', 200, { body: form(good, { validate_only: 'true' }) });
  await expectAnswer('uploadCsv', 200, { body: form(odd, { validate_only: 'true' }) });
  await expectAnswer('uploadCsv', 200, {
    body: Buffer.from(`Name,Image\nCaf\xe9,${origin.url('/good.jpg')}`, 'latin1'),
    headers: { 'content-type': 'text/csv' },
    query: '?validate_only=true',
  });
  await expectAnswer('uploadCsv', 422, { body: form(odd) });
  await expectAnswer('uploadCsv', 422, { body: form(good, { quality: '0', colour: 'blue' }) });
  await expectAnswer('uploadCsv', 422, { body: form(good, { webhook_url: 'ftp://shop.example' }) });
  await expectAnswer('uploadCsv', 422, { body: new FormData() });
  const headers = { 'idempotency-key': 'spring' };
  await service.app.get(DataSource).transaction(async (manager) => {
    const use = { ownerId: DEFAULT_OWNER, key: 'spring', fingerprint: '' };
    await service.app.get(IdempotencyKeys).claim(manager, use);
    await expectAnswer('uploadCsv', 409, { body: form(good), headers });
  });
  await expectAnswer('uploadCsv', 202, { body: form(good), headers });
  await expectAnswer('uploadCsv', 202, { body: form(good), headers });
  await expectAnswer('uploadCsv', 422, { body: form(good, { quality: '49' }), headers });
  await expectAnswer('uploadCsv', 415, json({}));
  await expectAnswer('uploadCsv', 400, {
    body: '--x\r\nbroken',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
});

it.each(['getStatus', 'getRequest'])('%s answers as described', async (operation) => {
  await expectAnswer(operation, 200, { path: { request_id: finished } });
  await expectAnswer(operation, 200, { path: { request_id: open } });
  await expectAnswer(operation, 200, { path: { request_id: open }, query: '?products=false' });
  await expectAnswer(operation, 404, { path: { request_id: NOBODY } });
  await expectAnswer(operation, 422, { path: { request_id: open }, query: '?products=perhaps' });
});

it('listRequests answers as described', async () => {
  await expectAnswer('listRequests', 200);
  await expectAnswer('listRequests', 200, { query: '?limit=1' });
  await expectAnswer('listRequests', 422, { query: '?limit=0' });
});

it('listImages answers as described', async () => {
  await expectAnswer('listImages', 200, { path: { request_id: finished } });
  await expectAnswer('listImages', 200, { path: { request_id: open }, query: '?limit=1' });
  await expectAnswer('listImages', 404, { path: { request_id: 'no-id' } });
  await expectAnswer('listImages', 422, { path: { request_id: open }, query: '?status=lost' });
});

it('downloadOutput answers as described', async () => {
  await expectAnswer('downloadOutput', 200, { path: { request_id: finished } });
  await expectAnswer('downloadOutput', 200, { path: { request_id: open }, query: '?partial=true' });
  await expectAnswer('downloadOutput', 409, { path: { request_id: open } });
  await expectAnswer('downloadOutput', 404, { path: { request_id: NOBODY } });
  await expectAnswer('downloadOutput', 422, { path: { request_id: open }, query: '?format=xlsx' });
});

it('downloadErrors answers as described', async () => {
  await expectAnswer('downloadErrors', 200, { path: { request_id: finished } });
  await expectAnswer('downloadErrors', 200, { path: { request_id: open }, query: '?bom=true' });
  await expectAnswer('downloadErrors', 404, { path: { request_id: NOBODY } });
  await expectAnswer('downloadErrors', 422, { path: { request_id: open }, query: '?safe_cells=1' });
});

it.each(['registerWebhook', 'registerOrReceiveWebhook'])('%s answers as described', async (operation) => {
  const webhook_url = origin.url('/hook');
  await expectAnswer(operation, 201, json({ webhook_url }));
  await expectAnswer(operation, 201, json({ webhook_url, request_id: open, events: ['request.failed'] }));
  await expectAnswer(operation, 200, json({ status: 'completed', anything: { else: true } }));
  await expectAnswer(operation, 404, json({ webhook_url, request_id: NOBODY }));
  await expectAnswer(operation, 422, json({ webhook_url, colour: 'blue' }));
  await expectAnswer(operation, 422, json({}));
  await expectAnswer(operation, 400, { ...json({}), body: '{' });
  await expectAnswer(operation, 415, { body: new URLSearchParams({ webhook_url }) });
});

it('watchRequest answers as described', async () => {
  const path = { request_id: finished };
  await expectAnswer('watchRequest', 200, { path });
  await expectAnswer('watchRequest', 204, { path, headers: { 'last-event-id': '1-done' } });
  await expectAnswer('watchRequest', 404, { path: { request_id: NOBODY } });
});

it('cancelRequest, retryRequest and deleteRequest answer as described', async () => {
  const { request_id } = await service.api.upload(`Name,Image\nSKU1,${origin.url('/never.jpg')}`);
  const path = { request_id };
  const NONE = { path: { request_id: NOBODY } };
  await expectAnswer('retryRequest', 409, { path });
  await expectAnswer('deleteRequest', 409, { path });
  // Many clients say so without a body.
  await expectAnswer('cancelRequest', 202, { path, headers: { 'content-type': 'application/json' } });
  await expectAnswer('retryRequest', 202, { path, headers: { 'content-type': 'application/json' } });
  await expectAnswer('cancelRequest', 202, { path });
  await expectAnswer('cancelRequest', 409, { path: { request_id: finished } });
  await expectAnswer('deleteRequest', 204, { path });
  for (const operation of ['cancelRequest', 'retryRequest', 'deleteRequest'])
    await expectAnswer(operation, 404, NONE);
});

it('what manages webhooks answers as described', async () => {
  const NONE = { path: { webhook_id: 'whk_none' } };
  const webhooks = new WebhooksClient(service.api);
  const { webhook_id } = await webhooks.register({ webhook_url: origin.url('/hook') });
  const path = { webhook_id };
  await expectAnswer('listWebhooks', 200);
  await expectAnswer('listWebhooks', 422, { query: '?cursor=none' });
  await expectAnswer('getWebhook', 200, { path });
  await expectAnswer('getWebhook', 404, NONE);
  await expectAnswer('changeWebhook', 200, { path, ...json({ events: ['request.failed'] }) });
  await expectAnswer('changeWebhook', 422, { path, ...json({ webhook_url: 'ftp://shop.example' }) });
  await expectAnswer('changeWebhook', 400, { path, ...json({}), body: '{' });
  await expectAnswer('changeWebhook', 415, { path, body: '{}', headers: { 'content-type': 'text/plain' } });
  await expectAnswer('changeWebhook', 404, { ...NONE, ...json({ enabled: true }) });
  // Many clients say so without a body.
  await expectAnswer('rotateSecret', 200, { path, headers: { 'content-type': 'application/json' } });
  for (let replaced = 1; replaced < 9; replaced += 1) await expectAnswer('rotateSecret', 200, { path });
  await expectAnswer('rotateSecret', 409, { path });
  await expectAnswer('rotateSecret', 404, NONE);

  await expectAnswer('testWebhook', 202, { path });
  await expectAnswer('testWebhook', 404, NONE);
  const [delivery] = await webhooks.settled(webhook_id);
  await expectAnswer('listDeliveries', 200, { path });
  await expectAnswer('listDeliveries', 422, { path, query: '?status=lost' });
  await expectAnswer('listDeliveries', 404, NONE);
  const { delivery_id } = delivery!;
  await expectAnswer('getDelivery', 200, { path: { delivery_id } });
  await expectAnswer('getDelivery', 404, { path: { delivery_id: 'dlv_none' } });
  await expectAnswer('redeliverOne', 202, { path: { delivery_id } });
  await expectAnswer('redeliverOne', 404, { path: { delivery_id: 'dlv_none' } });
  await expectAnswer('redeliverSince', 202, { path, ...json({ since: '2026-11-20' }) });
  await expectAnswer('redeliverSince', 422, { path, ...json({ since: 'yesterday' }) });
  await expectAnswer('redeliverSince', 400, { path, ...json({}), body: '{' });
  await expectAnswer('redeliverSince', 415, { path, body: new URLSearchParams(), headers: {} });
  await expectAnswer('redeliverSince', 404, { ...NONE, ...json({ since: '2026-11-20' }) });

  await expectAnswer('changeWebhook', 200, { path, ...json({ enabled: false }) });
  await expectAnswer('testWebhook', 409, { path });
  await expectAnswer('redeliverOne', 409, { path: { delivery_id } });
  await expectAnswer('redeliverSince', 409, { path, ...json({ since: '2026-11-20' }) });
  await expectAnswer('deleteWebhook', 204, { path });
  await expectAnswer('deleteWebhook', 404, { path });
});

it('getFile answers as described', async () => {
  const [image] = await service.api.images(finished);
  const path = { path: new URL(image!.output_url!).pathname.replace('/files/', '') };
  const { headers } = await fetch(image!.output_url!);
  await expectAnswer('getFile', 200, { path });
  await expectAnswer('getFile', 206, { path, headers: { range: 'bytes=0-9' } });
  // With no cache-control of its own fetch sends no-cache, and gets the image.
  const known = { 'if-none-match': headers.get('etag')!, 'cache-control': 'max-age=0' };
  await expectAnswer('getFile', 304, { path, headers: known });
  await expectAnswer('getFile', 416, { path, headers: { range: 'bytes=9999999-' } });
  await expectAnswer('getFile', 404, { path: { path: 'nothing.jpg' } });
});

it('operations answer as described', async () => {
  await expectAnswer('getLiveness', 200);
  await expectAnswer('getReadiness', 200);
  await expectAnswer('explainProblem', 200, { path: { code: 'csv_invalid' } });
  await expectAnswer('explainProblem', 404, { path: { code: 'no_such_problem' } });
});

// Without keys the guard says nothing: access.e2e.spec.ts has its 401 and 403 of all operations, access-limits.e2e.spec.ts
// its 429, and test/integration/requests/open-limits.spec.ts the 429 of too much that is open.
it('all this was every answer that is described, but those of the guard, of limits and outages', () => {
  const described = operations.flatMap(({ operationId, responses }) =>
    Object.keys(responses).map((status) => `${operationId} ${status}`),
  );
  const unseen = described.filter((answer) => !seen.has(answer) && !/ (?:401|403|429|50[03])$/.test(answer));
  expect(unseen).toEqual(['uploadCsv 408', 'uploadCsv 413']);
});
