import { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { spool } from '../../src/upload/spool.js';
import { UploadService } from '../../src/upload/upload.service.js';
import { connect } from '../support/invariants.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { CSV, FILE, formOf, HEADER } from '../support/upload-form.js';
import { waitFor } from '../support/wait-for.js';

const AT_ONCE = 20;
/** Brings a secret, and nobody is called: no image of it is ever done. */
const WEBHOOK = 'webhook_url=https://hooks.example/x';
const OTHER_CSV = `${HEADER}\n1,SKU1,https://shop.example/other.jpg\n`;

let service: TestService;
let database: DataSource;

beforeAll(async () => {
  // All uploads that come at once have a connection each.
  service = await startService({ APP_MODE: 'api', DATABASE_POOL_SIZE: String(AT_ONCE + 4) });
  database = await connect(service.databaseUrl);
});
afterEach(() => database.query('TRUNCATE processing_request, idempotency_key CASCADE'));
afterAll(async () => {
  await database.destroy();
  await service.stop();
});

const post = (key: string | undefined, parts = [FILE], csv = CSV, query = ''): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload${query}`, {
    method: 'POST',
    body: formOf(parts, csv),
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });

/** The bytes of an answer that must be a 202, first or repeated. */
async function accepted(answer: Response | Promise<Response>, replayed: boolean): Promise<string> {
  const response = await answer;
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status: 202 });
  expect(response.headers.get('location')).toBe((JSON.parse(text) as AcceptedBody).status_url);
  expect(response.headers.get('idempotency-replayed')).toBe(replayed ? 'true' : null);
  return text;
}

async function requestIds(): Promise<string[]> {
  const { data } = await service.api.get<{ data: { request_id: string }[] }>('/api/requests');
  return data.map(({ request_id }) => request_id);
}

const expectRequests = async (...answers: string[]): Promise<void> => {
  const ids = answers.map((answer) => (JSON.parse(answer) as AcceptedBody).request_id);
  expect((await requestIds()).toSorted()).toEqual(ids.toSorted());
};

describe('the same key again', () => {
  it('gives the first answer, byte by byte and with its secret, and stores nothing', async () => {
    const warned = `${HEADER}\n1,SKU1,https://shop.example/1.jpg,https://shop.example/2.jpg\n`;
    const first = await accepted(post('spring', [FILE, WEBHOOK], warned), false);
    expect(JSON.parse(first)).toMatchObject({
      warnings: [{ code: 'overflow_cells_joined' }],
      webhook_secret: expect.stringMatching(/^whsec_/),
    });
    expect(await accepted(post('spring', [FILE, WEBHOOK], warned), true)).toBe(first);
    await expectRequests(first);
  });

  it('in quotes, with the options elsewhere and another name of the file is the same upload', async () => {
    const first = await accepted(post('spring', ['label=a', 'quality=50', FILE]), false);
    expect(await accepted(post('"spring"', [FILE], CSV, '?label=a'), true)).toBe(first);
    const renamed = fetch(`${service.env.publicUrl}/api/upload?label=a`, {
      method: 'POST',
      body: CSV,
      headers: { 'content-type': 'text/csv', 'idempotency-key': 'spring' },
    });
    expect(await accepted(renamed, true)).toBe(first);
    await expectRequests(first);
  });

  it('with another file, faulty or not, or other options is refused', async () => {
    const first = await accepted(post('spring'), false);
    await expectProblem(post('spring', [FILE], OTHER_CSV), 422, 'idempotency_key_reused');
    await expectProblem(post('spring', [FILE], 'nothing'), 422, 'idempotency_key_reused');
    await expectProblem(post('spring', [FILE, 'quality=49']), 422, 'idempotency_key_reused');
    await expectProblem(post('spring', [FILE, WEBHOOK]), 422, 'idempotency_key_reused');
    expect(await accepted(post('spring'), true)).toBe(first);
    await expectRequests(first);
  });

  it('of another owner is another key', async () => {
    const first = await accepted(post('spring'), false);
    const uploads = service.app.get(UploadService);
    const file = await spool(Readable.from([Buffer.from(OTHER_CSV)]), uploads.spoolDirectory, 1000);
    const { replayed } = await uploads.accept({ file, fileName: null, values: {} }, 'other', ['spring']);
    await file.close();
    expect(replayed).toBe(false);
    expect(await accepted(post('spring'), true)).toBe(first);
  });

  it('after a day is a new one', async () => {
    const first = await accepted(post('spring'), false);
    await database.query(`UPDATE idempotency_key SET created_at = now() - interval '24 hours'`);
    const second = await accepted(post('spring', [FILE], OTHER_CSV), false);
    expect(await accepted(post('spring', [FILE], OTHER_CSV), true)).toBe(second);
    await expectRequests(first, second);
  });
});

it('without a key every upload is a request', async () => {
  const first = await accepted(post(undefined), false);
  const second = await accepted(post(undefined), false);
  await expectRequests(first, second);
});

it('an upload that fails leaves its key', async () => {
  await expectProblem(post('spring', [FILE], `${HEADER}\n1,SKU1,\n`), 422, 'csv_invalid');
  await expectProblem(post('spring', [FILE, 'quality=0']), 422, 'validation_failed');
  await expectProblem(post('spring', [FILE], '%PDF-1.7'), 415, 'unsupported_media_type');
  const first = await accepted(post('spring'), false);
  await expectRequests(first);
});

it('an upload whose commit fails leaves its key', async () => {
  await database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON processing_request
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`);
  await expectProblem(post('spring'), 500, 'internal_error');
  await database.query('DROP FUNCTION refuse CASCADE');
  const first = await accepted(post('spring'), false);
  await expectRequests(first);
});

it('a wrong key is named', async () => {
  for (const key of ['', '""', '"a', 'k'.repeat(256), 'sch\xf6n']) {
    const { errors } = await expectProblem(post(key), 422, 'validation_failed');
    expect(errors).toMatchObject([{ code: 'invalid_value', parameter: 'Idempotency-Key' }]);
  }
  await expectRequests();
});

it('validate_only knows no key', async () => {
  for (const key of ['spring', '""']) {
    const response = await post(key, [FILE, 'validate_only=true']);
    expect(response.status).toBe(200);
    expect(response.headers.get('idempotency-replayed')).toBeNull();
  }
  const first = await accepted(post('spring'), false);
  const report = await post('spring', [FILE, 'validate_only=true'], OTHER_CSV);
  expect(await report.json()).toMatchObject({ valid: true, image_count: 1 });
  await expectRequests(first);
});

it('of many uploads at the same moment one is accepted, and all get its answer', async () => {
  // None of them finds the key: they all wait where they look for it first.
  const uploads = await database.transaction(async (manager) => {
    await manager.query('LOCK TABLE idempotency_key IN ACCESS EXCLUSIVE MODE');
    const sent = Array.from({ length: AT_ONCE }, () => post('spring', [FILE, WEBHOOK]));
    await waitFor('all uploads to wait', async () => (await sessionsAtALock()) === AT_ONCE);
    return sent;
  });
  const answers = await Promise.all((await Promise.all(uploads)).map(expectAcceptedOrInUse));
  const texts = await Promise.all(
    answers.map(async (text) => text ?? accepted(post('spring', [FILE, WEBHOOK]), true)),
  );
  expect(new Set(texts).size).toBe(1);
  await expectRequests(texts[0]!);
});

/** Undefined for a 409, which must say when to come again. */
async function expectAcceptedOrInUse(response: Response): Promise<string | undefined> {
  if (response.status === 202) return response.text();
  expect(response.headers.get('retry-after')).toBe('2');
  await expectProblem(response, 409, 'idempotency_key_in_use');
  return undefined;
}

async function sessionsAtALock(): Promise<number> {
  const rows = await database.query<unknown[]>(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}
