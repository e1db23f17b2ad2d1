import { ApiProperty } from '@nestjs/swagger';
import { IsArray, IsOptional, IsString } from 'class-validator';
import { EVENT_TYPES, type EventType } from './event-types.js';

/** A webhook URL to register. */
export class RegisterWebhookDto {
  /**
   * Gets a signed POST for each event: http or https, no credentials.
   * @example "https://shop.example/hooks/halftone"
   */
  @IsString()
  webhook_url: string;

  /** Only this request; left out or null: all requests. */
  @ApiProperty({ format: 'uuid', nullable: true, example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90' })
  @IsOptional()
  @IsString()
  request_id?: string | null;

  /** What to be told of; left out: everything. */
  @ApiProperty({ enum: EVENT_TYPES, isArray: true, example: ['request.completed'] })
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  events?: string[];
}

/** A registered endpoint, with its secret. */
export class RegisteredWebhookDto {
  /** @example "whk_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  webhook_id: string;

  /** @example "https://shop.example/hooks/halftone" */
  webhook_url: string;

  /** Null: for all requests. */
  @ApiProperty({ format: 'uuid', nullable: true, example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90' })
  request_id: string | null;

  @ApiProperty({ enum: EVENT_TYPES, isArray: true, example: ['request.completed'] })
  events: EventType[];

  /**
   * Verifies the signatures (Standard Webhooks). Shown only here.
   * @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
   */
  secret: string;

  /** @example "Webhook registered." */
  message: string;
}

/** A webhook as we send it, or anything else with a `status`. */
export class ReceivedWebhookDto {
  /** @example "completed" */
  status: string;
}

/** What the receiver answers. */
export class WebhookReceiptDto {
  /** @example "Webhook received" */
  status: string;
}
