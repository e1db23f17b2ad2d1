import { Logger } from '@nestjs/common';
import { looksLikeApiKey } from '../config/api-key.js';
import { EnvError, type Env } from '../config/env.js';
import { isLoopbackHost } from '../config/loopback-host.js';
import type { ApiKeys } from './api-keys.js';
import { hashKey } from './key-hash.js';
import { withKeys } from './with-keys.js';

const logger = new Logger('Keys');

const MAKE_ONE =
  'Make one: npm run keys -- create NAME (with Docker: docker compose run --rm keys create NAME).';

/** Keeps the keys of API_KEYS. Throws an EnvError when others can reach the API and there is no key at all. */
export async function prepareKeys(env: Env): Promise<void> {
  if (env.appMode === 'worker') return;
  await withKeys(env.databaseUrl!, async (keys) => {
    await seed(keys, env);
    if (await keys.areKept()) return compare(keys, env);
    if (!isLoopbackHost(env.host)) throw new EnvError([openToAll(env.host)]);
    // A proxy of this machine leads others here.
    const { hostname } = new URL(env.publicUrl);
    if (!isLoopbackHost(hostname.replace(/^\[|\]$/g, ''))) {
      logger.warn(`There is no key yet: everyone who reaches ${env.publicUrl} can use this API. ${MAKE_ONE}`);
    }
  });
}

async function seed(keys: ApiKeys, { apiKeys }: Env): Promise<void> {
  for (const { name, key } of apiKeys) {
    const made = await keys.keep(key, { name, ownerId: name, seeded: true });
    if (!made) continue;
    logger.log(`API_KEYS: ${name} may call now, with ${made.id}`);
    if (!looksLikeApiKey(key)) {
      logger.warn(
        `API_KEYS: the key of ${name} was thought up, not generated: npm run --silent keys -- generate`,
      );
    }
  }
}

/** What was seeded once stays until it is revoked: whoever changes API_KEYS may expect otherwise. */
async function compare(keys: ApiKeys, { apiKeys }: Env): Promise<void> {
  const given = new Map(apiKeys.map(({ name, key }) => [hashKey(key).id, name]));
  for (const { id, name, seeded, revokedAt } of await keys.list()) {
    if (given.has(id) && given.get(id) !== name) {
      logger.warn(`API_KEYS: the key of ${given.get(id)} is ${name}'s already, and stays so`);
    }
    if (revokedAt && given.has(id)) logger.warn(`API_KEYS: the key of ${name} was revoked, and stays so`);
    if (seeded && !revokedAt && !given.has(id)) {
      logger.warn(
        `The key ${id} of ${name} is not in API_KEYS any more, but still valid. To end it: npm run keys -- revoke ${id}`,
      );
    }
  }
}

const openToAll = (host: string): string =>
  `HOST: others can reach ${host}, and there is no key yet, so everyone could use the API. ${MAKE_ONE} ` +
  'Or set API_KEYS=name:key, or HOST=127.0.0.1.';
