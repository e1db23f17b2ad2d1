import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEvent } from './webhook-event.entity.js';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** An event on its way to an endpoint. Its place in the schedule stands here, not in the queue. */
@Entity('webhook_delivery')
@Unique('webhook_delivery_once', ['endpointId', 'eventId'])
@Check('webhook_delivery_status', `status IN ('pending','delivered','failed','cancelled')`)
@Index('webhook_delivery_due', ['nextAttemptAt'], { where: `status = 'pending'` })
@Index('webhook_delivery_due_at_endpoint', ['endpointId', 'nextAttemptAt'], { where: `status = 'pending'` })
@Index('webhook_delivery_asked_for', ['endpointId', 'redeliverAt', 'id'], {
  where: 'redeliver_at IS NOT NULL',
})
@Index('webhook_delivery_missed', ['endpointId', 'id'], { where: `status IN ('failed', 'cancelled')` })
@Index('webhook_delivery_of_endpoint', ['endpointId', 'id'])
@Index('webhook_delivery_of_event', ['eventId'])
export class WebhookDelivery {
  /** `dlv_…` */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'webhook_delivery_pkey' })
  id: string;

  @Column('text', { name: 'owner_id' })
  ownerId: string;

  @Column('text', { name: 'endpoint_id' })
  @ForeignKey(() => WebhookEndpoint, { name: 'webhook_delivery_endpoint', onDelete: 'CASCADE' })
  endpointId: string;

  @Column('text', { name: 'event_id' })
  @ForeignKey(() => WebhookEvent, { name: 'webhook_delivery_event', onDelete: 'CASCADE' })
  eventId: string;

  @Column('text', { default: 'pending' })
  status: DeliveryStatus;

  /** How many attempts of the schedule were made. */
  @Column('integer', { name: 'attempt_count', default: 0 })
  attemptCount: number;

  /** Of the schedule; null when there is none to come. */
  @Column('timestamptz', { name: 'next_attempt_at', nullable: true, default: () => 'now()' })
  nextAttemptAt: Date | null;

  /** When an attempt beside the schedule was asked for, and was not made yet. */
  @Column('timestamptz', { name: 'redeliver_at', nullable: true })
  redeliverAt: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
