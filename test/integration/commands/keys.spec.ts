import { ApiKeys } from '../../../src/auth/api-keys.js';
import { createKey, revokeKey } from '../../../src/commands/keys/changes.js';
import { parseKeysCommand } from '../../../src/commands/keys/options.js';
import { generateApiKey } from '../../../src/config/api-key.js';
import { createKeysDatabase, type KeysDatabase } from '../auth/keys-database.js';

let database: KeysDatabase;
let keys: ApiKeys;

beforeAll(async () => {
  database = await createKeysDatabase();
  keys = new ApiKeys(database.source);
});
beforeEach(() => database.source.query('TRUNCATE api_key'));
afterAll(() => database.close());

function create(line: string): ReturnType<typeof createKey> {
  const command = parseKeysCommand(['create', ...line.split(' ')]);
  if (command.name !== 'create') throw new Error(line);
  return createKey(keys, command.options);
}
const stateOf = async (key: string): Promise<unknown> => (await keys.find(key))?.state;

describe('create', () => {
  it('keeps a key, and says what it is good for without telling it', async () => {
    const { key, message } = await create('shop --scopes requests:read --expires 2999-01-31');
    const found = await keys.find(key);
    expect(found).toMatchObject({ name: 'shop', ownerId: 'shop', scopes: ['requests:read'], state: 'live' });
    expect(message).toBe(
      `${found!.id} of shop may do requests:read until 2999-01-31T00:00:00.000Z. What was made before belongs to default: ` +
        'see --owner. The key is shown only now:',
    );
    expect((await create('studio')).message).toMatch(
      /^key_\w{16} of studio may do requests:write, requests:read, webhooks:manage until it is revoked\. The key is/,
    );
  });

  it('does not share what another key owns, unless it is asked to', async () => {
    const { key } = await create('shop');
    const { id } = (await keys.find(key))!;
    const refused =
      'shop owns requests and webhooks already. A key that sees them: npm run keys -- create shop --owner shop. Or take another name.';
    await expect(create('shop')).rejects.toThrow(refused);
    // Also what a revoked one has left.
    await keys.revoke(id);
    await expect(create('shop')).rejects.toThrow(refused);
    const shared = await create('shop --owner shop');
    expect(await keys.find(shared.key)).toMatchObject({ name: 'shop', ownerId: 'shop' });
    const heir = await create('heir --owner default');
    expect(await keys.find(heir.key)).toMatchObject({ name: 'heir', ownerId: 'default' });
    await expect(create('default')).rejects.toThrow(/^default owns requests/);
  });

  it('shares with nobody that is not there', async () => {
    await create('shop');
    await expect(create('studio --owner shpo')).rejects.toThrow(/^No key has the owner shpo\./);
  });
});

describe('revoke', () => {
  it('by name, by id, or by the key itself, once', async () => {
    const [one, two, three] = [await create('one'), await create('two'), await create('three')];
    const { id } = (await keys.find(two.key))!;
    expect(await revokeKey(keys, 'one')).toMatch(/^key_\w{16} of one is revoked, from this moment\.$/);
    expect(await revokeKey(keys, id)).toBe(`${id} of two is revoked, from this moment.`);
    expect(await stateOf(three.key)).toBe('live');
    expect(await revokeKey(keys, three.key)).toMatch(
      /^key_\w{16} of three is revoked, from this moment\. No valid key is left: nobody can call the API/,
    );
    for (const { key } of [one, two, three]) expect(await stateOf(key)).toBe('revoked');
    expect(await revokeKey(keys, 'one')).toBe('one was revoked before.');
  });

  it('does not guess which one of several is meant', async () => {
    const [first, second] = [await create('shop'), await create('shop --owner shop')];
    await expect(revokeKey(keys, 'shop')).rejects.toThrow(
      /^shop has several keys; name one: key_\w{16}, key_\w{16}$/,
    );
    await revokeKey(keys, first.key);
    // Only one is left that can be meant.
    await revokeKey(keys, 'shop');
    expect(await stateOf(second.key)).toBe('revoked');
  });

  it('says when there is none, and does not tell a key', async () => {
    const made = 'correct-horse-battery-staple';
    for (const given of ['nobody', generateApiKey(), made]) {
      await expect(revokeKey(keys, given)).rejects.toThrow(
        /^There is no such key\. See: npm run keys -- list$/,
      );
    }
    // One of API_KEYS that somebody thought up.
    await keys.keep(made, { name: 'studio', ownerId: 'studio' });
    expect(await revokeKey(keys, made)).toMatch(/^key_\w{16} of studio is revoked/);
    expect(await revokeKey(keys, made)).toMatch(/^key_\w{16} was revoked before\.$/);
  });
});
