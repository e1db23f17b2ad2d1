import { ApiProperty } from '@nestjs/swagger';
import { IsArray, IsBoolean, IsOptional, IsString, ValidateIf } from 'class-validator';
import { REQUEST_EVENT_TYPES, type RequestEventType } from './event-types.js';

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
  @ApiProperty({ enum: REQUEST_EVENT_TYPES, isArray: true, example: ['request.completed'] })
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  events?: string[];
}

/** Unlike IsOptional it does not take null for a member that was left out. */
const IfGiven = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** What to change of an endpoint; what is left out stays. */
export class ChangeWebhookDto {
  /** `false` stops everything on its way to it; `true` lets it begin anew. */
  @IfGiven()
  @IsBoolean()
  enabled?: boolean;

  /** What to be told of from now on. */
  @ApiProperty({ enum: REQUEST_EVENT_TYPES, isArray: true, example: ['request.completed'] })
  @IfGiven()
  @IsArray()
  @IsString({ each: true })
  events?: string[];

  /**
   * Where everything goes from now on, also what is pending already.
   * @example "https://shop.example/hooks/halftone"
   */
  @IfGiven()
  @IsString()
  webhook_url?: string;
}

/** What is told of an endpoint at its registration and later. */
export class EndpointBody {
  /** @example "whk_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  webhook_id: string;

  /** @example "https://shop.example/hooks/halftone" */
  webhook_url: string;

  /** Null: for all requests. */
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
  })
  request_id: string | null;

  @ApiProperty({ enum: REQUEST_EVENT_TYPES, isArray: true, example: ['request.completed'] })
  events: RequestEventType[];
}

/** A registered endpoint, with its secret. */
export class RegisteredWebhookDto extends EndpointBody {
  /**
   * Verifies the signatures (Standard Webhooks). Shown only here.
   * @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
   */
  secret: string;

  /** @example "Webhook registered." */
  message: string;
}

/** An endpoint; its secret is never shown again. */
export class WebhookBody extends EndpointBody {
  /** Nothing is sent to a disabled one; its events are kept as cancelled deliveries. */
  @ApiProperty({ example: true })
  enabled: boolean;

  /** Why it is disabled; null when it is not. */
  @ApiProperty({ type: String, nullable: true, example: null })
  disabled_reason: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' })
  created_at: string;
}

export class WebhookPage {
  /** The newest first. */
  @ApiProperty({ type: [WebhookBody] })
  data: WebhookBody[];

  /** `cursor` of the next page; null on the last. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor: string | null;
}

/** The secret that signs from now on. */
export class RotatedSecretBody {
  /** @example "whk_0199a5b47c1e7d3a9f523b1c6a7e8d90" */
  webhook_id: string;

  /**
   * Shown only here.
   * @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
   */
  secret: string;

  /** Until then the secret before it signs too: every attempt carries both signatures. */
  @ApiProperty({ format: 'date-time', example: '2026-11-21T09:30:00.000Z' })
  previous_secret_until: string;

  /** @example "Both secrets sign until 2026-11-21T09:30:00.000Z." */
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
