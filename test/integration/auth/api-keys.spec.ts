import { ApiKeys, type NewKey } from '../../../src/auth/api-keys.js';
import { SCOPES } from '../../../src/access/scopes.js';
import { generateApiKey } from '../../../src/config/api-key.js';
import { fakeDate } from '../webhooks/fake-date.js';
import { createKeysDatabase, type KeysDatabase } from './keys-database.js';

let database: KeysDatabase;
let keys: ApiKeys;

beforeAll(async () => void (database = await createKeysDatabase()));
beforeEach(async () => {
  await database.source.query('TRUNCATE api_key');
  keys = new ApiKeys(database.source);
});
afterEach(() => jest.useRealTimers());
afterAll(() => database.close());

async function kept(own: Partial<NewKey> = {}): Promise<{ key: string; id: string }> {
  const key = generateApiKey();
  const made = await keys.keep(key, { name: 'shop', ownerId: 'shop', ...own });
  return { key, id: made!.id };
}

/** The only key, as it is now; `change` is what happens to it first. */
async function row(change?: string): Promise<{ last_used_at: Date | null; fresh: boolean; version: string }> {
  if (change) await database.source.query(`UPDATE api_key SET ${change}`);
  const [only] = await database.source.query<[never]>(
    `SELECT last_used_at, last_used_at > now() - interval '10 seconds' AS fresh, xmin::text AS version FROM api_key`,
  );
  return only;
}

describe('a key that is kept', () => {
  it('is found again with its owner and what it may do, and no other is', async () => {
    const { key, id } = await kept({ name: 'spring', ownerId: 'shop', scopes: ['requests:read'] });
    expect(await keys.find(key)).toMatchObject({
      id,
      name: 'spring',
      ownerId: 'shop',
      scopes: ['requests:read'],
      state: 'live',
    });
    for (const other of [generateApiKey(), key.slice(0, -1), `${key} `, key.toLowerCase(), '', id]) {
      expect(await keys.find(other)).toBeUndefined();
    }
  });

  it('may do everything unless it is said what', async () => {
    const { key } = await kept();
    expect(await keys.find(key)).toMatchObject({ scopes: [...SCOPES] });
  });

  it('stands nowhere in the database, only its hash', async () => {
    const { key } = await kept();
    await keys.find(key);
    const rows = await database.source.query<{ line: string }[]>('SELECT api_key::text AS line FROM api_key');
    expect(rows).toHaveLength(1);
    const [{ line }] = rows as [{ line: string }];
    const hex = (text: string) => Buffer.from(text).toString('hex');
    for (const part of [key, key.slice('halftone_'.length), hex(key), hex(key.slice(-20))]) {
      expect(line).not.toContain(part);
    }
    expect(line).toMatch(/\\x[0-9a-f]{64}/);
  });

  it('is not taken for another one with the same beginning of a hash', async () => {
    const { key } = await kept();
    await row(`hash = sha256('another key')`);
    expect(await keys.find(key)).toBeUndefined();
  });

  it('is kept once: a second time changes nothing, whatever has become of it', async () => {
    const { key, id } = await kept({ scopes: ['requests:read'] });
    const again = () => keys.keep(key, { name: 'other', ownerId: 'other' });
    expect(await again()).toBeUndefined();
    await keys.revoke(id);
    expect(await again()).toBeUndefined();
    expect(await keys.find(key)).toMatchObject({ name: 'shop', scopes: ['requests:read'], state: 'revoked' });
    expect(await keys.list()).toHaveLength(1);
  });

  it('is kept by one of two at the same moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      const key = generateApiKey();
      const other = new ApiKeys(database.source);
      const made = await Promise.all(
        [keys, other].map((one) => one.keep(key, { name: 'shop', ownerId: 'shop' })),
      );
      expect(made.filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('areKept', () => {
  it('is asked again until there is one, and then never: also when the last is revoked', async () => {
    expect(await keys.areKept()).toBe(false);
    expect(await keys.areKept()).toBe(false);
    const { id } = await kept();
    expect(await keys.areKept()).toBe(true);
    await keys.revoke(id);
    expect(await new ApiKeys(database.source).areKept()).toBe(true);
  });
});

describe('the end of a key', () => {
  it('is when it is revoked, once and for all', async () => {
    const { key, id } = await kept();
    expect(await keys.revoke(id)).toBe(true);
    expect(await keys.find(key)).toMatchObject({ id, state: 'revoked' });
    const before = await row();
    expect(await keys.revoke(id)).toBe(false);
    expect(await row()).toEqual(before);
    expect(await keys.revoke('key_of_nobody')).toBe(false);
  });

  it('is no other one’s', async () => {
    const [one, other] = [await kept(), await kept()];
    await keys.revoke(one.id);
    expect(await keys.find(other.key)).toMatchObject({ state: 'live' });
  });

  it('is when it expires, by the clock of the database', async () => {
    const { key } = await kept({ expiresAt: new Date(Date.now() + 3_600_000) });
    fakeDate(Date.parse('2999-01-01'));
    expect(await keys.find(key)).toMatchObject({ state: 'live' });
    fakeDate(Date.parse('1999-01-01'));
    await row(`expires_at = now() - interval '1 millisecond'`);
    expect(await keys.find(key)).toMatchObject({ state: 'expired' });
    await row('revoked_at = now()');
    expect(await keys.find(key)).toMatchObject({ state: 'revoked' });
  });
});

describe('the last use', () => {
  it('is noted by the clock of the database, at most once a minute', async () => {
    const { key } = await kept();
    expect((await row()).last_used_at).toBeNull();
    fakeDate(Date.parse('2999-01-01'));
    await keys.find(key);
    const first = await row();
    expect(first).toMatchObject({ fresh: true });
    expect(first.last_used_at!.getFullYear()).toBeLessThan(2999);

    await keys.find(key);
    // Not even written with the same time.
    expect(await row()).toEqual(first);

    const recent = await row(`last_used_at = now() - interval '55 seconds'`);
    await keys.find(key);
    expect(await row()).toEqual(recent);

    await row(`last_used_at = now() - interval '61 seconds'`);
    await keys.find(key);
    expect(await row()).toMatchObject({ fresh: true });
  });

  it('is noted once by many at the same moment', async () => {
    const { key } = await kept();
    await database.source.query(`
      CREATE TABLE noted ();
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO noted DEFAULT VALUES; RETURN NULL; END';
      CREATE TRIGGER note AFTER UPDATE ON api_key FOR EACH ROW EXECUTE FUNCTION note()`);
    await Promise.all(Array.from({ length: 20 }, () => keys.find(key)));
    const noted = await database.source.query<unknown[]>('SELECT FROM noted');
    await database.source.query('DROP FUNCTION note CASCADE; DROP TABLE noted');
    expect(noted).toHaveLength(1);
  });

  it('is none when the key is no good', async () => {
    const { key, id } = await kept();
    await keys.revoke(id);
    await keys.find(key);
    await row(`revoked_at = NULL, expires_at = now()`);
    await keys.find(key);
    expect((await row()).last_used_at).toBeNull();
  });
});

it('the list has the oldest first', async () => {
  for (const name of ['one', 'two', 'three']) await kept({ name });
  expect((await keys.list()).map(({ name }) => name)).toEqual(['one', 'two', 'three']);
});
