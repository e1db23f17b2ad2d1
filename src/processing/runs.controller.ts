import { Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiRequestId } from '../requests/api-request-id.decorator.js';
import { ImagesService } from '../requests/images.service.js';
import { StatusBody } from '../requests/pages.dto.js';
import { requestBody } from '../requests/request-body.js';
import { RequestsService } from '../requests/requests.service.js';
import { CancellationsService } from './cancellations.service.js';
import { RemovalsService } from './removals.service.js';
import { RetriesService } from './retries.service.js';

@ApiTags('requests')
@Access('requests:write')
@Controller('api/requests')
export class RunsController {
  constructor(
    private readonly requests: RequestsService,
    private readonly images: ImagesService,
    private readonly cancellations: CancellationsService,
    private readonly retries: RetriesService,
    private readonly removals: RemovalsService,
  ) {}

  @Post(':request_id/cancel')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Stop a request',
    description:
      'Finished images stay, all others are cancelled at once. Its webhooks are told. Cancelling it again is the same.',
  })
  @ApiRequestId()
  @ApiAcceptedResponse({ type: StatusBody, description: 'It is cancelled.' })
  @ApiProblems('not_found', 'already_finished')
  async cancelRequest(@Owner() owner: string, @Param('request_id') id: string): Promise<StatusBody> {
    await this.cancellations.cancel(owner, id);
    return this.status(owner, id);
  }

  @Post(':request_id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Try again what failed or was cancelled',
    description:
      'Begins the next `run` of a request that has ended: its failed and cancelled images are pending again, with fresh ' +
      'attempts. Completed images stay as they are. The run ends with an event of its own.',
  })
  @ApiRequestId()
  @ApiAcceptedResponse({ type: StatusBody, description: 'The next run has begun.' })
  @ApiProblems('not_found', 'not_terminal', 'nothing_to_retry', 'too_many_open')
  async retryRequest(@Owner() owner: string, @Param('request_id') id: string): Promise<StatusBody> {
    await this.retries.retry(owner, id);
    return this.status(owner, id);
  }

  @Delete(':request_id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a request',
    description:
      'One that has ended: gone at once, with its webhooks and deliveries. Its images and rows follow within half a minute.',
  })
  @ApiRequestId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems('not_found', 'not_terminal')
  async deleteRequest(@Owner() owner: string, @Param('request_id') id: string): Promise<void> {
    await this.removals.remove(owner, id);
  }

  private async status(owner: string, id: string): Promise<StatusBody> {
    const request = await this.requests.find(owner, id);
    const products = await this.images.firstProducts(request);
    return Object.assign(requestBody(request, new Date()), { products });
  }
}
