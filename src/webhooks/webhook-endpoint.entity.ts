import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { RequestEventType } from './event-types.js';
import type { RetiredSecret } from './secrets.js';

/** A registered webhook URL: of one request, or of all requests of its owner. */
@Entity('webhook_endpoint')
@Index('webhook_endpoint_of_owner', ['ownerId', 'requestId'])
@Index('webhook_endpoint_disabled', ['id'], { where: 'NOT enabled' })
@Index('webhook_endpoint_listed', ['ownerId', 'id'])
export class WebhookEndpoint {
  /** `whk_…` */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'webhook_endpoint_pkey' })
  id: string;

  @Column('text', { name: 'owner_id' })
  ownerId: string;

  /** Null: for all requests of the owner. */
  @Column('uuid', { name: 'request_id', nullable: true })
  requestId: string | null;

  @Column('text')
  url: string;

  /** What it wants to be told of. */
  @Column('text', { array: true })
  events: RequestEventType[];

  /** Signs every attempt; never listed, never logged. */
  @Column('text')
  secret: string;

  /** Secrets that were replaced and sign for a while yet, the newest first. */
  @Column('jsonb', { name: 'retired_secrets', default: [] })
  retiredSecrets: RetiredSecret[];

  @Column('boolean', { default: true })
  enabled: boolean;

  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** When the first of a row of failed attempts was; null after a success. */
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince: Date | null;

  /** Its last attempt failed or took long: it must not keep other endpoints waiting. */
  @Column('boolean', { default: false })
  slow: boolean;

  /** Until then one worker sends to it, and nobody else. */
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  /** Since then it is gone for everybody; its rows follow. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
