import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiDeliveryId, ApiWebhookId } from './api-ids.decorator.js';
import { DeliveryBody, DeliveryPage, RedeliverDto, RedeliveryBody } from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';
import { deliveryBody } from './webhook-bodies.js';
import { DeliveriesQuery } from './webhooks-query.dto.js';

@ApiTags('webhooks')
@Access('webhooks:manage')
@Controller('api')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Post('webhooks/:webhook_id/test')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a test event',
    description:
      'An event `endpoint.test` goes to this endpoint, once: it is not sent again when it fails. Look it up in the ' +
      'delivery log.',
  })
  @ApiWebhookId()
  @ApiAcceptedResponse({ type: DeliveryBody, description: 'On its way.' })
  @ApiProblems('not_found', 'webhook_disabled')
  async testWebhook(@Owner() owner: string, @Param('webhook_id') id: string): Promise<DeliveryBody> {
    return deliveryBody(await this.deliveries.sendTest(owner, id));
  }

  @Get('webhooks/:webhook_id/deliveries')
  @ApiOperation({
    summary: 'The delivery log of a webhook',
    description: 'Every event for it with every attempt to tell it, the newest first, page by page.',
  })
  @ApiWebhookId()
  @ApiOkResponse({ type: DeliveryPage })
  @ApiProblems('not_found', 'validation_failed')
  async listDeliveries(
    @Owner() owner: string,
    @Param('webhook_id') id: string,
    @Query() query: DeliveriesQuery,
  ): Promise<DeliveryPage> {
    const { deliveries, nextCursor } = await this.deliveries.list(owner, id, query);
    return { data: deliveries.map(deliveryBody), next_cursor: nextCursor };
  }

  @Post('webhooks/:webhook_id/redeliver')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send again what did not arrive',
    description:
      'Every delivery since a time that failed or was cancelled gets one attempt more, with the same `webhook-id`.',
  })
  @ApiWebhookId()
  @ApiAcceptedResponse({ type: RedeliveryBody, description: 'On their way.' })
  @ApiProblems('malformed_request', 'not_found', 'webhook_disabled', 'json_expected', 'validation_failed')
  async redeliverSince(
    @Owner() owner: string,
    @Param('webhook_id') id: string,
    @Body() { since }: RedeliverDto,
  ): Promise<RedeliveryBody> {
    const count = await this.deliveries.redeliverSince(owner, id, since);
    return {
      webhook_id: id,
      since: since.toISOString(),
      delivery_count: count,
      message: count === 1 ? '1 delivery is sent again.' : `${count} deliveries are sent again.`,
    };
  }

  @Get('deliveries/:delivery_id')
  @ApiOperation({ summary: 'A delivery', description: 'As the delivery log shows it.' })
  @ApiDeliveryId()
  @ApiOkResponse({ type: DeliveryBody })
  @ApiProblems('not_found')
  async getDelivery(@Owner() owner: string, @Param('delivery_id') id: string): Promise<DeliveryBody> {
    return deliveryBody(await this.deliveries.find(owner, id));
  }

  @Post('deliveries/:delivery_id/redeliver')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a delivery again',
    description:
      'One attempt more, with the same `webhook-id`, whatever came of the others; the schedule stays as it is.',
  })
  @ApiDeliveryId()
  @ApiAcceptedResponse({ type: DeliveryBody, description: 'On its way.' })
  @ApiProblems('not_found', 'webhook_disabled')
  async redeliverOne(@Owner() owner: string, @Param('delivery_id') id: string): Promise<DeliveryBody> {
    return deliveryBody(await this.deliveries.redeliver(owner, id));
  }
}
