import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { prepared, sql } from '../database/sql.js';
import { SCOPES, type Scope } from '../access/scopes.js';
import { ApiKey } from './api-key.entity.js';
import { hashKey, isSameHash } from './key-hash.js';

/** A key that somebody came with, and what the database's clock says of it. */
export interface FoundKey extends Pick<ApiKey, 'id' | 'name' | 'ownerId' | 'scopes'> {
  state: 'live' | 'expired' | 'revoked';
}

export interface NewKey {
  name: string;
  ownerId: string;
  scopes?: readonly Scope[];
  expiresAt?: Date;
  seeded?: boolean;
}

/** Ids of keys that are remembered. */
const MAX_LATELY = 10_000;

/** The keys of callers. One that is revoked stays in the table: what was made with it still has an owner. */
@Injectable()
export class ApiKeys {
  private known = false;
  private readonly lately = new Set<string>();

  constructor(private readonly dataSource: DataSource) {}

  /** Whether there are keys: from the first one on every caller needs one, also when all are revoked. */
  async areKept(): Promise<boolean> {
    if (this.known) return true;
    const [row] = await prepared<{ kept: boolean }>(
      this.dataSource,
      'SELECT EXISTS (SELECT FROM api_key) AS kept',
    );
    this.known = row!.kept;
    return this.known;
  }

  async find(key: string): Promise<FoundKey | undefined> {
    const { id, hash } = hashKey(key);
    const [found] = await prepared<FoundKey & { hash: Buffer; unseen: boolean }>(
      this.dataSource,
      `SELECT id, name, owner_id AS "ownerId", scopes, hash,
         CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'live' END AS state,
         coalesce(last_used_at < now() - interval '1 minute', true) AS unseen
       FROM api_key WHERE id = $1`,
      [id],
    );
    if (!found || !isSameHash(found.hash, hash)) return undefined;
    if (found.state !== 'live') return found;
    if (this.lately.size >= MAX_LATELY) this.lately.clear();
    this.lately.add(id);
    // A database that takes no writes for now is no reason to turn anybody away.
    if (found.unseen) await this.noteUse(id).catch(() => undefined);
    return found;
  }

  /** Whether the key was found here before, and live: no look into the database, and no promise. */
  wasLive(key: string): boolean {
    return this.lately.has(hashKey(key).id);
  }

  /** Keeps the key; undefined when it is kept already, whatever has become of it. */
  async keep(
    key: string,
    { name, ownerId, scopes = SCOPES, expiresAt, seeded = false }: NewKey,
  ): Promise<ApiKey | undefined> {
    const { id, hash } = hashKey(key);
    const made = await sql(
      this.dataSource,
      `INSERT INTO api_key (id, hash, name, owner_id, scopes, expires_at, seeded) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [id, hash, name, ownerId, scopes, expiresAt ?? null, seeded],
    );
    return made.length > 0 ? this.dataSource.manager.findOneByOrFail(ApiKey, { id }) : undefined;
  }

  /** All of them, the oldest first. */
  list(): Promise<ApiKey[]> {
    return this.dataSource.manager.find(ApiKey, { order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** From now on nobody can call with it. False when it was revoked before. */
  async revoke(id: string): Promise<boolean> {
    const revoked = await sql(
      this.dataSource,
      'UPDATE api_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id',
      [id],
    );
    return revoked.length > 0;
  }

  /** At most once a minute, whoever asks. */
  private async noteUse(id: string): Promise<void> {
    await sql(
      this.dataSource,
      `UPDATE api_key SET last_used_at = now()
       WHERE id = $1 AND coalesce(last_used_at < now() - interval '1 minute', true)`,
      [id],
    );
  }
}
