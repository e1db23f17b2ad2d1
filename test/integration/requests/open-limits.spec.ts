import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { generateApiKey } from '../../../src/config/api-key.js';
import type { AcceptedBody } from '../../../src/upload/upload-answers.dto.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import { CSV, FILE, formOf, HEADER } from '../../support/upload-form.js';

const SHOP = generateApiKey();
const STUDIO = generateApiKey();

/** Nothing is worked on: what is uploaded stays open. */
let service: TestService;
let dataSource: DataSource;

beforeAll(async () => {
  service = await startService({
    APP_MODE: 'api',
    API_KEYS: `shop:${SHOP},studio:${STUDIO}`,
    MAX_OPEN_REQUESTS: '2',
    MAX_OPEN_IMAGES: '10',
  });
  dataSource = service.app.get(DataSource);
});
beforeEach(() => dataSource.query('TRUNCATE processing_request CASCADE'));
afterAll(() => service.stop());

/** A CSV of one product with so many images. */
const csvOf = (images: number): string =>
  `${HEADER}\n1,SKU1,"${Array.from({ length: images }, (_, n) => `https://shop.example/${n}.jpg`).join(',')}"\n`;

interface Upload {
  key?: string;
  fields?: string[];
  headers?: Record<string, string>;
}
const upload = (csv = CSV, { key = SHOP, fields = [], headers = {} }: Upload = {}): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload`, {
    method: 'POST',
    body: formOf([...fields, FILE], csv),
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
const expectAccepted = async (answer: Promise<Response>): Promise<AcceptedBody> => {
  const response = await answer;
  expect(response.status).toBe(202);
  return (await response.json()) as AcceptedBody;
};
const post = (path: string): Promise<Response> =>
  fetch(service.env.publicUrl + path, { method: 'POST', headers: { 'x-api-key': SHOP } });

async function expectTooMany(answer: Promise<Response>, detail: string): Promise<void> {
  const response = await answer;
  expect(response.headers.get('retry-after')).toBe('30');
  expect(await expectProblem(response, 429, 'too_many_open')).toMatchObject({ detail });
}
const WAIT = 'Wait until some have finished, or cancel some.';
const TOO_MANY_REQUESTS = `With this there would be 3 requests open; at most 2 are allowed. ${WAIT}`;
const tooManyImages = (count: number): string =>
  `With this there would be ${count} images open; at most 10 are allowed. ${WAIT}`;

/** How many rows each table has, and how many files wait to be read. */
async function everything(): Promise<Record<string, number>> {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('public', 'bullmq') AND tablename <> 'rate_limit'`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await dataSource.query<[{ count: number }]>(`SELECT count(*)::int AS count FROM ${name}`);
    counts[name] = row.count;
  }
  return { ...counts, files: (await readdir(join(service.dataDir, 'tmp'))).length };
}

describe('MAX_OPEN_REQUESTS', () => {
  it('refuses the one that is too much, and nothing is left of it', async () => {
    await expectAccepted(upload());
    await expectAccepted(upload());
    const before = await everything();
    expect(before).toMatchObject({ 'public.processing_request': 2, 'public.product_image': 6, files: 0 });
    const fields = ['webhook_url=http://127.0.0.1:9/hook'];
    await expectTooMany(upload(CSV, { fields, headers: { 'idempotency-key': 'spring' } }), TOO_MANY_REQUESTS);
    expect(await everything()).toEqual(before);
  });

  it('concerns nobody else', async () => {
    await expectAccepted(upload());
    await expectAccepted(upload());
    await expectAccepted(upload(CSV, { key: STUDIO }));
  });

  it.each(['completed', 'failed', 'cancelled'])('does not count what is %s', async (status) => {
    await expectAccepted(upload());
    await expectAccepted(upload());
    await dataSource.query('UPDATE processing_request SET status = $1', [status]);
    await expectAccepted(upload());
    await expectAccepted(upload());
    await expectTooMany(upload(), TOO_MANY_REQUESTS);
  });

  it('has room again when a request is cancelled', async () => {
    await expectAccepted(upload());
    const { request_id: id } = await expectAccepted(upload());
    await expectTooMany(upload(), TOO_MANY_REQUESTS);
    expect((await post(`/api/requests/${id}/cancel`)).status).toBe(202);
    await expectAccepted(upload());
  });
});

describe('MAX_OPEN_IMAGES', () => {
  it('refuses the images that are too much', async () => {
    await expectAccepted(upload(csvOf(6)));
    await expectTooMany(upload(csvOf(5)), tooManyImages(11));
    await expectAccepted(upload(csvOf(4)));
  });

  it('refuses a file that alone is too much', async () => {
    const { detail } = await expectProblem(await upload(csvOf(11)), 413, 'too_many_images');
    expect(detail).toBe('At most 10 images may be open at once; split the file.');
  });

  it('counts only what is pending', async () => {
    const images = [
      ...Array.from({ length: 20 }, () => completed()),
      failed(),
      failed(),
      pending(),
      pending(),
    ];
    await insertRequest(dataSource, [product('SKU1', images)], { ownerId: 'shop', status: 'processing' });
    await expectAccepted(upload(csvOf(8)));
    await dataSource.query(`UPDATE processing_request SET status = 'cancelled' WHERE image_count = 8`);
    await expectTooMany(upload(csvOf(9)), tooManyImages(11));
  });
});

describe('a retry', () => {
  const failedRequest = (images: number) =>
    insertRequest(
      dataSource,
      [product('SKU1', [completed(), ...Array.from({ length: images }, () => failed())])],
      {
        ownerId: 'shop',
        status: 'completed',
      },
    );
  const stateOf = (id: string) =>
    dataSource.query<unknown[]>(
      `SELECT status, run, failed_count, retried_to, (SELECT count(*)::int FROM product_image WHERE status = 'failed') AS failed
       FROM processing_request WHERE id = $1`,
      [id],
    );

  it('is one more open request, and nothing of it has begun when it is refused', async () => {
    const { id } = await failedRequest(2);
    const before = await stateOf(id);
    await expectAccepted(upload(csvOf(1)));
    await expectAccepted(upload(csvOf(1)));
    await expectTooMany(post(`/api/requests/${id}/retry`), TOO_MANY_REQUESTS);
    expect(await stateOf(id)).toEqual(before);
    await dataSource.query(`UPDATE processing_request SET status = 'cancelled' WHERE image_count = 1`);
    expect((await post(`/api/requests/${id}/retry`)).status).toBe(202);
  });

  it('opens its failed images, at once, though they become pending one batch after the other', async () => {
    const { id } = await failedRequest(6);
    await expectAccepted(upload(csvOf(5)));
    await expectTooMany(post(`/api/requests/${id}/retry`), tooManyImages(11));
    await dataSource.query(`UPDATE processing_request SET status = 'cancelled' WHERE image_count = 5`);
    expect((await post(`/api/requests/${id}/retry`)).status).toBe(202);
    await expectTooMany(upload(csvOf(5)), tooManyImages(11));
    // As it is while there are batches to come.
    await dataSource.query(`UPDATE processing_request SET failed_count = 4, retried_to = 1 WHERE id = $1`, [
      id,
    ]);
    await expectTooMany(upload(csvOf(5)), tooManyImages(11));
    await expectAccepted(upload(csvOf(4)));
  });
});

describe('at the limit', () => {
  beforeEach(async () => void (await expectAccepted(upload())));

  it('an upload that is sent again still gets its answer', async () => {
    const again: Upload = { headers: { 'idempotency-key': 'spring' } };
    const first = await expectAccepted(upload(CSV, again));
    await expectTooMany(upload(), TOO_MANY_REQUESTS);
    const response = await upload(CSV, again);
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(await expectAccepted(Promise.resolve(response))).toEqual(first);
  });

  it('an upload that was refused may be sent again under its key', async () => {
    await expectAccepted(upload());
    const again: Upload = { headers: { 'idempotency-key': 'summer' } };
    await expectTooMany(upload(CSV, again), TOO_MANY_REQUESTS);
    await dataSource.query(`UPDATE processing_request SET status = 'cancelled'`);
    await expectAccepted(upload(CSV, again));
  });

  it('a file can be checked', async () => {
    await expectAccepted(upload());
    const response = await upload(csvOf(11), { fields: ['validate_only=true'] });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ valid: true, image_count: 11 });
  });

  it('a faulty file is told its faults first', async () => {
    await expectAccepted(upload());
    await expectProblem(upload(`${HEADER}\n1,SKU1,no-url\n`), 422, 'csv_invalid');
  });
});

describe('many at the same moment', () => {
  const statuses = async (answers: Promise<Response>[]): Promise<number[]> =>
    (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b);

  it('cannot pass both: one uploads, the others are refused', async () => {
    for (let round = 0; round < 25; round += 1) {
      await dataSource.query('TRUNCATE processing_request CASCADE');
      await expectAccepted(upload());
      expect(await statuses([upload(), upload(), upload()])).toEqual([202, 429, 429]);
      expect(await everything()).toMatchObject({ 'public.processing_request': 2 });
    }
  });

  it('cannot pass both: an upload and a retry', async () => {
    for (let round = 0; round < 15; round += 1) {
      await dataSource.query('TRUNCATE processing_request CASCADE');
      const { id } = await insertRequest(dataSource, [product('SKU1', [failed()])], {
        ownerId: 'shop',
        status: 'failed',
      });
      await expectAccepted(upload());
      expect(await statuses([upload(), post(`/api/requests/${id}/retry`)])).toEqual([202, 429]);
    }
  });

  it('do not hold up each other when they have different owners', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('open requests of shop', 0))`);
      await expectAccepted(upload(CSV, { key: STUDIO }));
    });
  });
});
