import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { sql, type Runner } from '../database/sql.js';
import { Problem } from '../errors/problem.js';
import type { IdempotencyKey } from './idempotency-key.entity.js';

/** Who uses a key, and for what. */
export type KeyUse = Pick<IdempotencyKey, 'ownerId' | 'key' | 'fingerprint'>;

/** The first is seldom longer than that in its transaction. */
const RETRY_AFTER_SECONDS = 2;
/** Rows that one statement removes. */
const BATCH = 1000;
/** On the database's clock. */
const KEPT = `interval '24 hours'`;

/**
 * The answers that callers get again when they repeat a key. A key comes to be in the transaction of what it stands for:
 * whenever a process dies, there are both or neither, and no key is taken for ever.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly dataSource: DataSource) {}

  /** The answer that is kept under the key, if there is one. Throws `idempotency_key_reused` when it is to something else. */
  async find({ ownerId, key, fingerprint }: KeyUse, runner: Runner = this.dataSource): Promise<unknown> {
    const [kept] = await sql<Pick<IdempotencyKey, 'fingerprint' | 'answer'>>(
      runner,
      `SELECT fingerprint, answer FROM idempotency_key
       WHERE owner_id = $1 AND key = $2 AND created_at > now() - ${KEPT}`,
      [ownerId, key],
    );
    if (!kept) return undefined;
    if (kept.fingerprint === fingerprint) return kept.answer;
    throw new Problem(
      'idempotency_key_reused',
      'Its first upload had another file or other options. Nothing was stored; take a new key.',
    );
  }

  /**
   * Keeps others from the key until the transaction ends, and then looks who was before: returns and throws as `find`
   * does. Throws `idempotency_key_in_use` when another transaction has it; to wait would hold a connection for each.
   */
  async claim(manager: EntityManager, use: KeyUse): Promise<unknown> {
    const [lock] = await sql<{ taken: boolean }>(
      manager,
      `SELECT pg_try_advisory_xact_lock(hashtextextended($2, hashtextextended($1, 0))) AS taken`,
      [use.ownerId, use.key],
    );
    if (lock!.taken) return this.find(use, manager);
    throw new Problem('idempotency_key_in_use', 'Send it again: it then gets the answer of the first one.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  /** Keeps the answer, in the transaction that claimed the key; what is there already has expired. */
  async keep(manager: EntityManager, use: KeyUse, answer: object): Promise<void> {
    await sql(
      manager,
      `INSERT INTO idempotency_key (owner_id, key, fingerprint, answer) VALUES ($1, $2, $3, $4)
       ON CONFLICT (owner_id, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at`,
      [use.ownerId, use.key, use.fingerprint, JSON.stringify(answer)],
    );
  }

  /** Removes what has expired, in batches. */
  async prune(): Promise<void> {
    for (let removed = BATCH; removed === BATCH;) {
      const rows = await sql(
        this.dataSource,
        `DELETE FROM idempotency_key WHERE (owner_id, key) IN (
           SELECT owner_id, key FROM idempotency_key WHERE created_at <= now() - ${KEPT}
           LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
         RETURNING 1`,
      );
      removed = rows.length;
    }
  }
}
