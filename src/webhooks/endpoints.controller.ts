import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiWebhookId } from './api-ids.decorator.js';
import { EndpointsService } from './endpoints.service.js';
import { rotatedSecretBody, webhookBody } from './webhook-bodies.js';
import { WebhooksQuery } from './webhooks-query.dto.js';
import { ChangeWebhookDto, RotatedSecretBody, WebhookBody, WebhookPage } from './webhooks.dto.js';

@ApiTags('webhooks')
@Access('webhooks:manage')
@Controller('api/webhooks')
export class EndpointsController {
  constructor(private readonly endpoints: EndpointsService) {}

  @Get()
  @ApiOperation({
    summary: 'All webhooks',
    description: 'The newest first, page by page. Secrets are never listed.',
  })
  @ApiOkResponse({ type: WebhookPage })
  @ApiProblems('validation_failed')
  async listWebhooks(@Owner() owner: string, @Query() query: WebhooksQuery): Promise<WebhookPage> {
    const { endpoints, nextCursor } = await this.endpoints.list(owner, query);
    return { data: endpoints.map(webhookBody), next_cursor: nextCursor };
  }

  @Get(':webhook_id')
  @ApiOperation({ summary: 'A webhook' })
  @ApiWebhookId()
  @ApiOkResponse({ type: WebhookBody })
  @ApiProblems('not_found')
  async getWebhook(@Owner() owner: string, @Param('webhook_id') id: string): Promise<WebhookBody> {
    return webhookBody(await this.endpoints.find(owner, id));
  }

  @Patch(':webhook_id')
  @ApiOperation({
    summary: 'Change a webhook',
    description:
      'Disabling cancels what is pending. What a disabled endpoint misses is kept as cancelled deliveries: enable it ' +
      'again, then redeliver since the `created_at` of the first of them.',
  })
  @ApiWebhookId()
  @ApiOkResponse({ type: WebhookBody })
  @ApiProblems('malformed_request', 'not_found', 'json_expected', 'validation_failed', 'webhook_url_invalid')
  async changeWebhook(
    @Owner() owner: string,
    @Param('webhook_id') id: string,
    @Body() { enabled, events, webhook_url: url }: ChangeWebhookDto,
  ): Promise<WebhookBody> {
    return webhookBody(await this.endpoints.change(owner, id, { enabled, events, url }));
  }

  @Delete(':webhook_id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a webhook',
    description: 'Stops what is pending. Its delivery log goes with it.',
  })
  @ApiWebhookId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems('not_found')
  async deleteWebhook(@Owner() owner: string, @Param('webhook_id') id: string): Promise<void> {
    await this.endpoints.remove(owner, id);
  }

  @Post(':webhook_id/rotate-secret')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Replace the secret of a webhook',
    description:
      'Every attempt carries a signature of the new secret and, for 24 hours, one of the secret before it.',
  })
  @ApiWebhookId()
  @ApiOkResponse({ type: RotatedSecretBody })
  @ApiProblems('not_found', 'too_many_secrets')
  async rotateSecret(@Owner() owner: string, @Param('webhook_id') id: string): Promise<RotatedSecretBody> {
    return rotatedSecretBody(await this.endpoints.rotateSecret(owner, id));
  }
}
