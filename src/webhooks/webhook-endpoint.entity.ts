import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-types.js';

/** A registered webhook URL: of one request, or of all requests of its owner. */
@Entity('webhook_endpoint')
@Index('webhook_endpoint_of_owner', ['ownerId', 'requestId'])
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
  events: EventType[];

  /** Signs every attempt; never listed, never logged. */
  @Column('text')
  secret: string;

  @Column('boolean', { default: true })
  enabled: boolean;

  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** When the first of a row of failed attempts was; null after a success. */
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince: Date | null;

  /** Until then one worker sends to it, and nobody else. */
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
