import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { validate as isUuid } from 'uuid';
import { Cursor } from '../requests/cursor.js';
import { BooleanValue, IntegerValue, OneOfValue, QueryValue, TimeValue } from '../requests/query-values.js';
import { EVENT_TYPES, type EventType } from './event-types.js';
import { isPrefixedId, type IdPrefix } from './prefixed-id.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from './webhook-delivery.entity.js';

const PrefixedIdCursor = (prefix: IdPrefix): PropertyDecorator =>
  Cursor((key) => (isPrefixedId(prefix, key) ? key : undefined));

const RequestIdValue = (): PropertyDecorator =>
  QueryValue('a request_id, as the upload answered it', (text) => (isUuid(text) ? text : undefined));

export class WebhooksQuery {
  /** Only endpoints of this one request. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @RequestIdValue()
  request_id?: string;

  /** Only enabled ones, or only disabled ones. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  enabled?: boolean;

  /** Endpoints per page. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200 })
  @IsOptional()
  @IntegerValue(1, 200)
  limit: number = 50;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @PrefixedIdCursor('whk')
  cursor?: string;
}

export class DeliveriesQuery {
  /** Only deliveries with this status. */
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES })
  @IsOptional()
  @OneOfValue(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  /** Only events of this type. */
  @ApiPropertyOptional({ enum: EVENT_TYPES })
  @IsOptional()
  @OneOfValue(EVENT_TYPES)
  type?: EventType;

  /** Only events of this request. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @RequestIdValue()
  request_id?: string;

  /** Only deliveries that began later than this: a day (its midnight in UTC), or a time with its offset. */
  @ApiPropertyOptional({ type: String, example: '2026-11-20T09:30:00Z' })
  @IsOptional()
  @TimeValue()
  created_after?: Date;

  /** Only deliveries that began earlier than this: a day (its midnight in UTC), or a time with its offset. */
  @ApiPropertyOptional({ type: String, example: '2026-11-21' })
  @IsOptional()
  @TimeValue()
  created_before?: Date;

  /** Deliveries per page. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 50 })
  @IsOptional()
  @IntegerValue(1, 50)
  limit: number = 20;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @PrefixedIdCursor('dlv')
  cursor?: string;
}
