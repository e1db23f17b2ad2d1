import { ApiProperty } from '@nestjs/swagger';
import { IsDefined } from 'class-validator';
import { TimeValue } from '../requests/query-values.js';
import { EVENT_TYPES, type EventType } from './event-types.js';
import { ATTEMPT_TRIGGERS, type AttemptTrigger } from './webhook-attempt.entity.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from './webhook-delivery.entity.js';

/** Since when to send again. */
export class RedeliverDto {
  /** Deliveries that began then or later, by their `created_at`: a day (its midnight in UTC), or a time with its offset. */
  @ApiProperty({ type: String, example: '2026-11-20T09:30:00Z' })
  @IsDefined({ message: '"since" is missing: a day (2026-11-20) or a time with its offset' })
  @TimeValue()
  since: Date;
}

/** One POST. */
export class AttemptBody {
  /** Counts the delivery's attempts from 1. */
  @ApiProperty({ type: 'integer', example: 1 })
  number: number;

  /** `manual`: somebody asked for it, beside the schedule. */
  @ApiProperty({ enum: ATTEMPT_TRIGGERS, example: 'scheduled' })
  trigger: AttemptTrigger;

  /** When it was made: its `webhook-timestamp`. */
  @ApiProperty({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' })
  at: string;

  @ApiProperty({ type: 'integer', example: 84 })
  duration_ms: number;

  /** Null when no answer came. */
  @ApiProperty({ type: 'integer', nullable: true, example: 204 })
  status_code: number | null;

  /** Why there was no answer, or not a whole one: `timeout`, `connect_failed`, `address_blocked` …; else null. */
  @ApiProperty({ type: String, nullable: true, example: null })
  error: string | null;

  /** The first 16 kB of the answer's body, or what came of it; null when there was no answer. */
  @ApiProperty({ type: String, nullable: true, example: '' })
  response: string | null;
}

/** An event on its way to an endpoint. */
export class DeliveryBody {
  /** @example "dlv_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  delivery_id: string;

  /**
   * The `webhook-id` of every attempt.
   * @example "evt_0199a5b47c1e7d3a9f523b1c6a7e8d90"
   */
  event_id: string;

  /** @example "whk_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  webhook_id: string;

  @ApiProperty({ enum: EVENT_TYPES, example: 'request.completed' })
  type: EventType;

  /** Null for a test. */
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
  })
  request_id: string | null;

  @ApiProperty({ enum: DELIVERY_STATUSES, example: 'delivered' })
  status: DeliveryStatus;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' })
  created_at: string;

  /** Null when none is to come. Also set while an attempt that somebody asked for waits, whatever the status. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  next_attempt_at: string | null;

  /** In their order; of more than 50 the latest 50. */
  @ApiProperty({ type: [AttemptBody] })
  attempts: AttemptBody[];
}

export class DeliveryPage {
  /** The newest first. */
  @ApiProperty({ type: [DeliveryBody] })
  data: DeliveryBody[];

  /** `cursor` of the next page; null on the last. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor: string | null;
}

/** What is sent again. */
export class RedeliveryBody {
  /** @example "whk_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  webhook_id: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' })
  since: string;

  /** Deliveries that had failed or were cancelled. */
  @ApiProperty({ type: 'integer', example: 3 })
  delivery_count: number;

  /** @example "3 deliveries are sent again." */
  message: string;
}
