import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { WebhookDelivery } from './webhook-delivery.entity.js';

export const ATTEMPT_TRIGGERS = ['scheduled', 'manual'] as const;
export type AttemptTrigger = (typeof ATTEMPT_TRIGGERS)[number];

/** One POST of a delivery, as it was. */
@Entity('webhook_attempt')
@Check('webhook_attempt_trigger', `trigger IN ('scheduled','manual')`)
export class WebhookAttempt {
  @PrimaryColumn('text', { name: 'delivery_id', primaryKeyConstraintName: 'webhook_attempt_pkey' })
  @ForeignKey(() => WebhookDelivery, { name: 'webhook_attempt_delivery', onDelete: 'CASCADE' })
  deliveryId: string;

  /** Counts the delivery's attempts from 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'webhook_attempt_pkey' })
  number: number;

  @Column('text')
  trigger: AttemptTrigger;

  @Column('timestamptz')
  at: Date;

  @Column('integer', { name: 'duration_ms' })
  durationMs: number;

  /** Null when there was no answer. */
  @Column('integer', { name: 'status_code', nullable: true })
  statusCode: number | null;

  /** Why there was no answer, or not a whole one: a code such as `timeout`. */
  @Column('text', { nullable: true })
  error: string | null;

  /** The beginning of the answer's body. */
  @Column('text', { nullable: true })
  response: string | null;
}
