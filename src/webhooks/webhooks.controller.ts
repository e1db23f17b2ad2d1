import { Body, Controller, HttpStatus, Logger, Post, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { readWebhookForm } from './registration-form.js';
import { registeredBody } from './webhook-bodies.js';
import { WebhookRegistrationsService } from './webhook-registrations.service.js';
import {
  ReceivedWebhookDto,
  RegisteredWebhookDto,
  RegisterWebhookDto,
  WebhookReceiptDto,
} from './webhooks.dto.js';

const REQUEST_ID = '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90';

@ApiTags('webhooks')
@Access('webhooks:manage')
@Controller('api')
export class WebhooksController {
  private readonly logger = new Logger('Webhooks');

  constructor(private readonly registrations: WebhookRegistrationsService) {}

  @Post(['webhooks', 'webhook'])
  @ApiOperation({
    summary: 'Register a webhook, or receive one',
    description:
      'With a `webhook_url` an endpoint is registered, for one request or for all. When that request has already ' +
      'finished, it is told at once. Without it, but with a `status`, this is a receiver to try webhooks against: ' +
      'it logs what came and changes nothing.',
  })
  @ApiExtraModels(RegisterWebhookDto, ReceivedWebhookDto)
  @ApiBody({
    schema: {
      oneOf: [{ $ref: getSchemaPath(RegisterWebhookDto) }, { $ref: getSchemaPath(ReceivedWebhookDto) }],
    },
    examples: {
      register: {
        summary: 'Register for one request',
        value: { webhook_url: 'https://shop.example/hooks/halftone', request_id: REQUEST_ID },
      },
      receive: {
        summary: 'Receive a webhook',
        value: { type: 'request.completed', request_id: REQUEST_ID, status: 'completed' },
      },
    },
  })
  @ApiCreatedResponse({
    type: RegisteredWebhookDto,
    description: 'Registered. The secret is shown only here.',
  })
  @ApiOkResponse({ type: WebhookReceiptDto, description: 'Received.' })
  @ApiProblems(
    'malformed_request',
    'not_found',
    'json_expected',
    'validation_failed',
    'webhook_url_missing',
    'webhook_url_invalid',
  )
  async registerWebhook(
    @Owner() ownerId: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegisteredWebhookDto | WebhookReceiptDto> {
    const form = await readWebhookForm(body);
    if (form.kind === 'received') {
      reply.code(HttpStatus.OK);
      this.logger.log(
        `webhook received: status ${quote(form.body.status)}, request ${quote(form.body.request_id)}`,
      );
      return { status: 'Webhook received' };
    }
    const { webhook_url: url, request_id: requestId = null, events } = form.registration;
    return registeredBody(await this.registrations.registerNow({ ownerId, url, requestId, events }));
  }
}

/** A stranger's text in one line of the log. */
function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'none';
}
