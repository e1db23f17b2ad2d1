import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { EventType } from './event-types.js';

/** Something that happened: one per request, run and type, for ever. */
@Entity('webhook_event')
@Unique('webhook_event_once', ['requestId', 'run', 'type'])
export class WebhookEvent {
  /** `evt_…`: the `webhook-id` of every attempt. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'webhook_event_pkey' })
  id: string;

  @Column('text', { name: 'owner_id' })
  ownerId: string;

  @Column('uuid', { name: 'request_id', nullable: true })
  requestId: string | null;

  @Column('integer', { nullable: true })
  run: number | null;

  @Column('text')
  type: EventType;

  /** Serialised once, so that every attempt sends the same bytes. */
  @Column('text')
  body: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
