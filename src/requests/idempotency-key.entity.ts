import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An `Idempotency-Key` that an upload was accepted under, with the answer to give when it comes again. */
@Entity('idempotency_key')
@Index('idempotency_key_age', ['createdAt'])
export class IdempotencyKey {
  @PrimaryColumn('text', { name: 'owner_id', primaryKeyConstraintName: 'idempotency_key_pkey' })
  ownerId: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_key_pkey' })
  key: string;

  /** Of the file and all options; the same key with another one is refused. */
  @Column('text')
  fingerprint: string;

  /** The body of the first answer, with its secret. Not jsonb, which forgets the order of members. */
  @Column('json')
  answer: object;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
