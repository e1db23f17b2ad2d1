import { DEFAULT_OWNER } from '../../access/owner.js';
import type { ApiKey } from '../../auth/api-key.entity.js';
import type { ApiKeys } from '../../auth/api-keys.js';
import { hashKey } from '../../auth/key-hash.js';
import { generateApiKey } from '../../config/api-key.js';
import type { KeyOptions } from './options.js';
import { isLive } from './table.js';

/** Makes a key. Throws an Error when it would share what another owns, and nobody said that it should. */
export async function createKey(
  keys: ApiKeys,
  { name, scopes, expiresAt, owner }: KeyOptions,
): Promise<{ key: string; message: string }> {
  const all = await keys.list();
  assertOwner(name, owner, all);
  const key = generateApiKey();
  const made = await keys.keep(key, { name, ownerId: owner ?? name, scopes, expiresAt });
  const until = expiresAt ? `until ${expiresAt.toISOString()}` : 'until it is revoked';
  return {
    key,
    message:
      `${made!.id} of ${name} may do ${scopes.join(', ')} ${until}.` +
      (all.length === 0 ? ` What was made before belongs to ${DEFAULT_OWNER}: see --owner.` : '') +
      ' The key is shown only now:',
  };
}

/** Throws an Error when a key would share what it perhaps should not, or would not share what it should. */
function assertOwner(name: string, owner: string | undefined, all: ApiKey[]): void {
  const isKnown = (one: string): boolean =>
    one === DEFAULT_OWNER || all.some(({ ownerId }) => ownerId === one);
  if (owner === undefined && isKnown(name)) {
    throw new Error(
      `${name} owns requests and webhooks already. A key that sees them: npm run keys -- create ${name} --owner ${name}. ` +
        'Or take another name.',
    );
  }
  if (owner !== undefined && !isKnown(owner)) {
    throw new Error(`No key has the owner ${owner}. See: npm run keys -- list`);
  }
}

/**
 * Ends a key, given by its id, its name or itself, as it was found where it should not be. Gives what to say. Throws an
 * Error when there is none, or more than one.
 */
export async function revokeKey(keys: ApiKeys, given: string): Promise<string> {
  const all = await keys.list();
  const ofItself = hashKey(given).id;
  const found = all.filter(({ id, name }) => [id, name].includes(given) || id === ofItself);
  // Not repeated when it may be a key.
  const what = found.some(({ id, name }) => [id, name].includes(given)) ? given : ofItself;
  if (found.length === 0) throw new Error('There is no such key. See: npm run keys -- list');
  const live = found.filter(({ revokedAt }) => !revokedAt);
  if (live.length > 1) {
    throw new Error(`${what} has several keys; name one: ${live.map(({ id }) => id).join(', ')}`);
  }
  const [key] = live;
  if (!key || !(await keys.revoke(key.id))) return `${what} was revoked before.`;
  const others = all.some((other) => other.id !== key.id && isLive(other, new Date()));
  return `${key.id} of ${key.name} is revoked, from this moment.${others ? '' : ' No valid key is left: nobody can call the API until you make one.'}`;
}
