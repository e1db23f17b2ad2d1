import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { ApiKeys, type NewKey } from '../../src/auth/api-keys.js';
import { generateApiKey } from '../../src/config/api-key.js';

/** A key that the service knows. */
export async function makeKey(app: NestFastifyApplication, key: NewKey): Promise<string> {
  const made = generateApiKey();
  await app.get(ApiKeys).keep(made, key);
  return made;
}

export async function makeRevokedKey(app: NestFastifyApplication, ownerId: string): Promise<string> {
  const key = await makeKey(app, { name: 'revoked', ownerId });
  await app.get(DataSource).query(`UPDATE api_key SET revoked_at = now() WHERE name = 'revoked'`);
  return key;
}

export async function makeExpiredKey(app: NestFastifyApplication, ownerId: string): Promise<string> {
  const key = await makeKey(app, { name: 'expired', ownerId });
  await app.get(DataSource).query(`UPDATE api_key SET expires_at = now() WHERE name = 'expired'`);
  return key;
}

/** The key with one digit changed. */
export const mistyped = (key: string): string =>
  key.slice(0, 20) + (key[20] === 'x' ? 'y' : 'x') + key.slice(21);
