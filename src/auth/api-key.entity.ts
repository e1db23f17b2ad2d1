import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Scope } from '../access/scopes.js';

/** Lets its bearer call the API. The key itself is shown once and kept nowhere. */
@Entity('api_key')
export class ApiKey {
  /** `key_` and the first digits of the hash: no secret, for people, lists and log lines. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'api_key_pkey' })
  id: string;

  @Column('text')
  name: string;

  /** Whom everything made with it belongs to; keys of one owner see the same. */
  @Column('text', { name: 'owner_id' })
  ownerId: string;

  /** SHA-256 of the whole key. No slow hash: nobody guesses a generated key from it. */
  @Column('bytea')
  hash: Buffer;

  @Column('text', { array: true })
  scopes: Scope[];

  /** It came from API_KEYS. */
  @Column('boolean', { default: false })
  seeded: boolean;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;

  /** To the minute. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null;
}
