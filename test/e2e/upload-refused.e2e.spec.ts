import type { DataSource } from 'typeorm';
import { connect } from '../support/invariants.js';
import { openFiles } from '../support/open-files.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { firstPacket, rawConnection, uploadHead } from '../support/raw-connection.js';
import { startService, type TestService } from '../support/service.js';
import { expectNothingStored } from '../support/stored.js';
import { CSV, FILE, formOf, handmadeForm, HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

const MAX_BYTES = 256 * 1024;
const MAX_IMAGES = 1000;

let service: TestService;
let database: DataSource;

beforeAll(async () => {
  service = await startService({
    APP_MODE: 'api',
    MAX_CSV_BYTES: String(MAX_BYTES),
    MAX_IMAGES_PER_REQUEST: String(MAX_IMAGES),
  });
  database = await connect(service.databaseUrl);
});
afterAll(async () => {
  await database.destroy();
  await service.stop();
});

// Nothing in this file is accepted.
afterEach(() => expectNothingStored(database, service.dataDir));

const post = (
  body: RequestInit['body'],
  { type, query = '' }: { type?: string; query?: string } = {},
): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload${query}`, {
    method: 'POST',
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  });

const rows = (count: number): string =>
  Array.from({ length: count }, (_, index) => `\n${index},SKU,https://shop.example/${index}.jpg`).join('');

describe('a form', () => {
  it.each([
    ['without a file', formOf(['quality=50']), 'send the CSV as the field "file"'],
    ['without anything', new FormData(), 'send the CSV as the field "file"'],
  ])('%s', async (_what, form, advice) => {
    const { detail } = await expectProblem(post(form), 422, 'file_missing');
    expect(detail).toContain(advice);
  });

  it('whose file has another name', async () => {
    const form = new FormData();
    form.append('csv', new Blob([CSV]), 'products.csv');
    const { detail } = await expectProblem(post(form), 422, 'file_missing');
    expect(detail).toBe('The file came as the field "csv"; send it as "file".');
  });

  it('with two files', async () => {
    const { errors } = await expectProblem(post(formOf([FILE, FILE])), 422, 'validation_failed');
    expect(errors).toEqual([
      {
        code: 'invalid_value',
        parameter: 'file',
        message: 'The form has two files; send one CSV at a time.',
      },
    ]);
  });

  it('with more fields than there are options', async () => {
    const fields = Array.from({ length: 33 }, (_, index) => `field${index}=1`);
    await expectProblem(post(formOf([...fields, FILE])), 413, 'body_too_large');
  });

  it('with a field that is longer than any option', async () => {
    const { errors } = await expectProblem(
      post(formOf([`label=${'x'.repeat(100_000)}`, FILE])),
      422,
      'validation_failed',
    );
    expect(errors).toMatchObject([{ parameter: 'label' }]);
  });

  it.each([
    ['with a field that says it is JSON and is not', 'application/json', '{'],
    ['with a field of a name that every object has', 'text/plain', '1', 'constructor'],
  ])('%s', async (_what, mediaType, value, name = 'quality') => {
    const { body, type } = handmadeForm(
      `Content-Disposition: form-data; name="${name}"\r\nContent-Type: ${mediaType}`,
      value,
    );
    await expectProblem(post(body, { type }), 400, 'malformed_request');
  });

  const { body, type } = handmadeForm('Content-Disposition: form-data; name="file"; filename="a.csv"', CSV);
  it.each([
    ['without its last boundary', body.replace('--boundary--\r\n', ''), type],
    ['that ends in the middle of its file', body.slice(0, 120), type],
    ['that ends in the middle of a head', body.slice(0, 40), type],
    ['with another boundary than it says', body, 'multipart/form-data; boundary=another'],
    ['that says no boundary', body, 'multipart/form-data'],
  ])('%s', async (_what, broken, contentType) => {
    const { detail } = await expectProblem(post(broken, { type: contentType }), 400, 'malformed_request');
    expect(detail).toMatch(/^The form cannot be read: /);
  });
});

describe('what is no CSV', () => {
  it.each(['application/json', 'image/png', 'application/x-www-form-urlencoded', 'text/html', 'nonsense'])(
    'a body of type %s',
    async (type) => {
      await expectProblem(post('{}', { type }), 415, 'unsupported_media_type');
    },
  );

  it('a large body of a type that is often sent by mistake', async () => {
    const large = HEADER + rows(3000);
    await expectProblem(
      post(large, { type: 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
    );
  });

  it('no body at all', async () => {
    await expectProblem(post(null), 422, 'file_missing');
  });

  it.each([
    ['an XLSX file', async () => Buffer.from('504b0304140006000800', 'hex'), /Excel.*save.*CSV/i],
    ['a PDF', async () => Buffer.from('%PDF-1.7\n%âãÏÓ\n', 'latin1'), /PDF.*save.*CSV/i],
    ['a PNG', () => photo(40, 40).png().toBuffer(), /PNG.*save.*CSV/i],
  ])('%s', async (_what, bytes, advice) => {
    const file = await bytes();
    const asForm = await expectProblem(post(formOf([FILE], file)), 415, 'unsupported_media_type');
    expect(asForm.detail).toMatch(advice);
    const asBody = await expectProblem(
      post(new Uint8Array(file), { type: 'text/csv' }),
      415,
      'unsupported_media_type',
    );
    expect(asBody.detail).toBe(asForm.detail);
  });
});

describe('what is too large', () => {
  const large = `${HEADER}\n${'x'.repeat(MAX_BYTES)}`;
  const huge = 100_000_000;

  it('a file over MAX_CSV_BYTES', async () => {
    await expectProblem(post(formOf([FILE], large)), 413, 'file_too_large');
    await expectProblem(post(large, { type: 'text/csv' }), 413, 'file_too_large');
    const validation = post(formOf([FILE], large), { query: '?validate_only=true' });
    await expectProblem(validation, 413, 'file_too_large');
  });

  it('and not one that has just as many bytes', async () => {
    const exact = HEADER.padEnd(MAX_BYTES, '\n');
    for (const response of [await post(formOf([FILE], exact)), await post(exact, { type: 'text/csv' })]) {
      const { errors } = await expectProblem(response, 422, 'csv_invalid');
      expect(errors).toMatchObject([{ code: 'no_rows' }]);
    }
  });

  it('more than MAX_IMAGES_PER_REQUEST images, and not just as many', async () => {
    const over = HEADER + rows(MAX_IMAGES + 1);
    await expectProblem(post(formOf([FILE], over)), 413, 'too_many_images');
    await expectProblem(post(over, { type: 'text/csv' }), 413, 'too_many_images');
    const just = await post(formOf([FILE], HEADER + rows(MAX_IMAGES)), { query: '?validate_only=true' });
    expect(await just.json()).toMatchObject({ valid: true, image_count: MAX_IMAGES });
  });

  it.each(['text/csv', 'multipart/form-data; boundary=b'])(
    'what says so is refused before it is sent, as %s',
    async (type) => {
      const sender = await rawConnection(service.env.publicUrl);
      sender.send(uploadHead(type, huge));
      expect(await firstPacket(sender)).toMatch(/^HTTP\/1.1 413 .*"code":"file_too_large"/is);
    },
  );

  it.each([
    ['text/csv', ''],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n',
    ],
  ])('what does not say so is refused where it becomes too large, as %s', async (type, begin) => {
    const { send, answer } = await rawConnection(service.env.publicUrl);
    const head = uploadHead(type, 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    const chunk = begin + large;
    send(`${head}${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
    // The sender has not ended, and would go on.
    expect(await answer).toMatch(/^HTTP\/1.1 413 .*connection: close.*"code":"file_too_large"/is);
  });
});

it('a sender that falls silent is given up', async () => {
  const server = service.app.getHttpServer();
  expect(server.timeout).toBe(300_000);
  server.timeout = 200;
  const { send, answer } = await rawConnection(service.env.publicUrl);
  server.timeout = 300_000;
  send(uploadHead('text/csv', 1000) + HEADER);
  await expect(answer).resolves.toBe('');
  await waitFor('its file to be closed', async () => {
    const open = await openFiles();
    return !open.some((path) => path.startsWith(service.dataDir));
  });
});

it('a refusal of what was read to its end leaves the connection as it was', async () => {
  const { send, answer } = await rawConnection(service.env.publicUrl);
  const query = '?validate_only=true';
  send(uploadHead('text/csv', HEADER.length) + HEADER);
  send(uploadHead('text/csv', CSV.length, query).replace('Host:', 'Connection: close\r\nHost:') + CSV);
  expect(await answer).toMatch(/^HTTP\/1.1 422 .*keep-alive.*HTTP\/1.1 200 .*"valid":true/is);
});
