import type { DataSource } from 'typeorm';
import { IdempotencyKeys, type KeyUse } from '../../../src/requests/idempotency-keys.js';
import { connect } from '../../support/invariants.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

/** Its members stand in another order than jsonb would put them. */
const ANSWER = { request_id: '0199…', status: 'pending', warnings: [{ line: 3, code: 'a' }], message: '"ü"' };
const USE: KeyUse = { ownerId: 'default', key: 'spring', fingerprint: 'f1' };
const REUSED = expect.objectContaining({ code: 'idempotency_key_reused', status: 422 });
const IN_USE = expect.objectContaining({
  code: 'idempotency_key_in_use',
  status: 409,
  extra: { retryAfterSeconds: 2 },
});

let testDatabase: TestDatabase;
let database: DataSource;
let keys: IdempotencyKeys;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await connect(testDatabase.url);
  keys = new IdempotencyKeys(database);
});
afterEach(() => database.query('TRUNCATE idempotency_key'));
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Does what an upload does in its transaction. */
const use = (one: KeyUse, answer: object = ANSWER): Promise<unknown> =>
  database.transaction(async (manager) => {
    const kept = await keys.claim(manager, one);
    if (!kept) await keys.keep(manager, one, answer);
    return kept;
  });

const age = (interval: string): Promise<unknown> =>
  database.query(`UPDATE idempotency_key SET created_at = now() - $1::interval`, [interval]);

describe('a key', () => {
  it('gives what was kept under it, byte by byte', async () => {
    expect(await keys.find(USE)).toBeUndefined();
    expect(await use(USE)).toBeUndefined();
    expect(JSON.stringify(await keys.find(USE))).toBe(JSON.stringify(ANSWER));
  });

  it('that was kept meanwhile is found when it is claimed', async () => {
    await use(USE);
    expect(await use(USE, { another: 'answer' })).toEqual(ANSWER);
    expect(await keys.find(USE)).toEqual(ANSWER);
  });

  it('stands for one thing', async () => {
    await use(USE);
    const other = { ...USE, fingerprint: 'f2' };
    await expect(keys.find(other)).rejects.toEqual(REUSED);
    await expect(use(other)).rejects.toEqual(REUSED);
    expect(await keys.find(USE)).toEqual(ANSWER);
  });

  it.each([
    { ...USE, ownerId: 'other' },
    { ...USE, key: 'Spring' },
    // Put together they would be the same text.
    { ...USE, ownerId: 'defaults', key: 'pring' },
  ])('is its own for $ownerId and $key', async (other) => {
    await use(USE);
    expect(await keys.find(other)).toBeUndefined();
    await use(other, { of: 'another' });
    expect(await keys.find(USE)).toEqual(ANSWER);
    expect(await keys.find(other)).toEqual({ of: 'another' });
  });

  it('is taken while another transaction has it, and only this key', async () => {
    await database.transaction(async (manager) => {
      await keys.claim(manager, USE);
      await keys.keep(manager, USE, ANSWER);
      await expect(use(USE)).rejects.toEqual(IN_USE);
      await expect(use({ ...USE, fingerprint: 'f2' })).rejects.toEqual(IN_USE);
      expect(await use({ ...USE, key: 'autumn' })).toBeUndefined();
      expect(await use({ ...USE, ownerId: 'other' })).toBeUndefined();
      expect(await use({ ...USE, ownerId: 'defaults', key: 'pring' })).toBeUndefined();
    });
    expect(await use(USE)).toEqual(ANSWER);
  });

  it('is free again when its transaction fails', async () => {
    const failed = database.transaction(async (manager) => {
      await keys.claim(manager, USE);
      await keys.keep(manager, USE, ANSWER);
      throw new Error('no room');
    });
    await expect(failed).rejects.toThrow('no room');
    expect(await keys.find(USE)).toBeUndefined();
    expect(await use(USE, { second: 'answer' })).toBeUndefined();
  });
});

describe('an old key', () => {
  it('still counts just before 24 hours are over', async () => {
    await use(USE);
    await age('23 hours 59 minutes');
    expect(await use(USE)).toEqual(ANSWER);
    await keys.prune();
    expect(await keys.find(USE)).toEqual(ANSWER);
  });

  it('is a new one after them, for whatever is asked', async () => {
    await use(USE);
    await age('24 hours');
    const next = { ...USE, fingerprint: 'f2' };
    expect(await keys.find(next)).toBeUndefined();
    expect(await use(next, { second: 'answer' })).toBeUndefined();
    expect(await keys.find(next)).toEqual({ second: 'answer' });
    await expect(keys.find(USE)).rejects.toEqual(REUSED);
    await keys.prune();
    expect(await keys.find(next)).toEqual({ second: 'answer' });
  });
});

describe('prune', () => {
  const insert = (prefix: string, count: number, interval: string): Promise<unknown> =>
    database.query(
      `INSERT INTO idempotency_key (owner_id, key, fingerprint, answer, created_at)
       SELECT 'default', $1 || number, 'f', '{}', now() - $3::interval FROM generate_series(1, $2::int) AS number`,
      [prefix, count, interval],
    );
  const left = async (): Promise<string[]> => {
    const rows = await database.query<{ key: string }[]>('SELECT key FROM idempotency_key ORDER BY key');
    return rows.map(({ key }) => key);
  };

  it('removes all that expired, however many, and nothing else', async () => {
    await insert('old', 2100, '25 hours');
    await insert('young', 2, '23 hours');
    await keys.prune();
    expect(await left()).toEqual(['young1', 'young2']);
  });

  it('does not wait for one that is being replaced', async () => {
    await insert('old', 2, '25 hours');
    await database.transaction(async (manager) => {
      const replaced = { ...USE, key: 'old1' };
      await keys.claim(manager, replaced);
      await keys.keep(manager, replaced, ANSWER);
      await keys.prune();
    });
    expect(await left()).toEqual(['old1']);
  });
});
