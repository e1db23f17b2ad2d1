import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IdCursor, PositionCursor } from './cursor.js';
import { IMAGE_ERROR_CODES, type ImageErrorCode } from './image-error-codes.js';
import { BooleanValue, IntegerValue, OneOfValue, TextValue, TimeValue } from './query-values.js';
import { IMAGE_STATUSES, REQUEST_STATUSES, type ImageStatus, type RequestStatus } from './request-status.js';

export class StatusQuery {
  /** `false` leaves the products out. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  products: boolean = true;
}

export class RequestsQuery {
  /** Only requests with this status. */
  @ApiPropertyOptional({ enum: REQUEST_STATUSES })
  @IsOptional()
  @OneOfValue(REQUEST_STATUSES)
  status?: RequestStatus;

  /** Only requests with exactly this label. */
  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @TextValue(200)
  label?: string;

  /** Only requests accepted later than this: a day (its midnight in UTC), or a time with its offset. */
  @ApiPropertyOptional({ type: String, example: '2026-11-20T09:30:00Z' })
  @IsOptional()
  @TimeValue()
  created_after?: Date;

  /** Only requests accepted earlier than this: a day (its midnight in UTC), or a time with its offset. */
  @ApiPropertyOptional({ type: String, example: '2026-11-21' })
  @IsOptional()
  @TimeValue()
  created_before?: Date;

  /** Requests per page. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200 })
  @IsOptional()
  @IntegerValue(1, 200)
  limit: number = 50;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @IdCursor()
  cursor?: string;
}

export class ImagesQuery {
  /** Only images with this status. */
  @ApiPropertyOptional({ enum: IMAGE_STATUSES })
  @IsOptional()
  @OneOfValue(IMAGE_STATUSES)
  status?: ImageStatus;

  /** Only images that failed with this code. */
  @ApiPropertyOptional({ enum: IMAGE_ERROR_CODES })
  @IsOptional()
  @OneOfValue(IMAGE_ERROR_CODES)
  error_code?: ImageErrorCode;

  /** Images per page. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000 })
  @IsOptional()
  @IntegerValue(1, 1000)
  limit: number = 100;

  /** `next_cursor` of the page before. */
  @ApiPropertyOptional({ type: String })
  @IsOptional()
  @PositionCursor()
  cursor?: number;
}
