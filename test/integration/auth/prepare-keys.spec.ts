import { Logger } from '@nestjs/common';
import { ApiKeys } from '../../../src/auth/api-keys.js';
import { prepareKeys } from '../../../src/auth/prepare-keys.js';
import { generateApiKey } from '../../../src/config/api-key.js';
import { EnvError, parseEnv } from '../../../src/config/env.js';
import { createKeysDatabase, type KeysDatabase } from './keys-database.js';

const KEY = generateApiKey();
const OTHER = generateApiKey();

let database: KeysDatabase;
let keys: ApiKeys;
/** What an operator is told. */
let said: string[];

beforeAll(async () => void (database = await createKeysDatabase()));
beforeEach(async () => {
  await database.source.query('TRUNCATE api_key');
  keys = new ApiKeys(database.source);
  said = [];
  for (const level of ['log', 'warn'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((...args: unknown[]) => {
      said.push(`${level}: ${String(args[0])}`);
    });
  }
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => database.close());

const prepare = (settings: Record<string, string> = {}) =>
  prepareKeys(parseEnv({ DATABASE_URL: database.url, ...settings }));

describe('API_KEYS', () => {
  it('makes the first keys, which may do everything of their names', async () => {
    await prepare({ API_KEYS: `shop:${KEY},studio:${OTHER}` });
    const [shop, studio] = await keys.list();
    expect(shop).toMatchObject({ name: 'shop', ownerId: 'shop', seeded: true, expiresAt: null });
    expect(await keys.find(KEY)).toMatchObject({ ownerId: 'shop', state: 'live', scopes: { length: 3 } });
    expect(said).toEqual([
      `log: API_KEYS: shop may call now, with ${shop!.id}`,
      `log: API_KEYS: studio may call now, with ${studio!.id}`,
    ]);
    expect(said.join()).not.toMatch(/halftone_/);
  });

  it('makes them once, however often and by however many at once', async () => {
    const API_KEYS = `shop:${KEY},studio:${OTHER}`;
    await Promise.all([prepare({ API_KEYS }), prepare({ API_KEYS }), prepare({ API_KEYS, APP_MODE: 'api' })]);
    const first = await keys.list();
    expect(first).toHaveLength(2);
    expect(said).toHaveLength(2);
    await prepare({ API_KEYS });
    expect(await keys.list()).toEqual(first);
    expect(said).toHaveLength(2);
  });

  it('does not bring back a key that was revoked, and says so', async () => {
    await prepare({ API_KEYS: `shop:${KEY}` });
    const { id } = (await keys.list())[0]!;
    await keys.revoke(id);
    said = [];
    await prepare({ API_KEYS: `shop:${KEY}` });
    expect(await keys.find(KEY)).toMatchObject({ state: 'revoked' });
    expect(said).toEqual(['warn: API_KEYS: the key of shop was revoked, and stays so']);
  });

  it('does not end a key that is no longer in it, and says how to', async () => {
    await prepare({ API_KEYS: `shop:${KEY}` });
    const { id } = (await keys.list())[0]!;
    const warning = `warn: The key ${id} of shop is not in API_KEYS any more, but still valid. To end it: npm run keys -- revoke ${id}`;
    said = [];
    await prepare();
    expect(said).toEqual([warning]);
    expect(await keys.find(KEY)).toMatchObject({ state: 'live' });
    said = [];
    await prepare({ API_KEYS: `shop:${OTHER}` });
    expect(said).toEqual([expect.stringContaining('may call now'), warning]);
    await keys.revoke(id);
    said = [];
    await prepare({ API_KEYS: `shop:${OTHER}` });
    expect(said).toEqual([]);
  });

  it('says nothing of keys that were made by command', async () => {
    await keys.keep(KEY, { name: 'shop', ownerId: 'shop' });
    await prepare();
    expect(said).toEqual([]);
  });
});

describe('an API that others can reach', () => {
  it.each(['0.0.0.0', '::', '10.0.0.7', 'images.example.com'])(
    'at %s does not start without a key',
    async (HOST) => {
      const refused = prepare({ HOST });
      await expect(refused).rejects.toBeInstanceOf(EnvError);
      await expect(refused).rejects.toThrow(
        /HOST: others can reach .*npm run keys -- create NAME.*API_KEYS=name:key/s,
      );
    },
  );

  it('starts with a key, from wherever it is, and when all are revoked: nobody gets in then', async () => {
    const starts = (settings: Record<string, string> = {}) =>
      expect(prepare({ HOST: '0.0.0.0', ...settings })).resolves.toBeUndefined();
    await starts({ API_KEYS: `shop:${KEY}` });
    await starts();
    await keys.revoke((await keys.list())[0]!.id);
    await starts();
  });

  it.each(['127.0.0.1', '::1', 'localhost', '127.5.5.5'])('is not one on %s', async (HOST) => {
    await prepare({ HOST });
    expect(await keys.areKept()).toBe(false);
  });
});

it('a worker needs no key, and makes none', async () => {
  await prepare({ APP_MODE: 'worker', HOST: '0.0.0.0', API_KEYS: `shop:${KEY}` });
  expect(await keys.areKept()).toBe(false);
});
