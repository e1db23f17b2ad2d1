import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiRequestId } from './api-request-id.decorator.js';
import { ImagesService } from './images.service.js';
import { ImagePage, RequestPage, StatusBody } from './pages.dto.js';
import { requestBody } from './request-body.js';
import { ImagesQuery, RequestsQuery, StatusQuery } from './requests-query.dto.js';
import { RequestsService } from './requests.service.js';

@ApiTags('requests')
@Access('requests:read')
@Controller('api')
export class RequestsController {
  constructor(
    private readonly requests: RequestsService,
    private readonly images: ImagesService,
  ) {}

  @Get('status/:request_id')
  @ApiOperation({
    summary: 'How far a request is',
    description:
      'Its status, counts and progress, with its first products. Cheap enough to be asked every second.',
  })
  @ApiRequestId()
  @ApiOkResponse({ type: StatusBody })
  @ApiProblems('not_found', 'validation_failed')
  async getStatus(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Query() { products }: StatusQuery,
  ): Promise<StatusBody> {
    const request = await this.requests.find(owner, id);
    const body = requestBody(request, new Date());
    return products ? Object.assign(body, { products: await this.images.firstProducts(request) }) : body;
  }

  @Get('requests/:request_id')
  @ApiOperation({ summary: 'A request', description: 'The same as its status.' })
  @ApiRequestId()
  @ApiOkResponse({ type: StatusBody })
  @ApiProblems('not_found', 'validation_failed')
  getRequest(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Query() query: StatusQuery,
  ): Promise<StatusBody> {
    return this.getStatus(owner, id, query);
  }

  @Get('requests')
  @ApiOperation({ summary: 'All requests', description: 'The newest first, page by page.' })
  @ApiOkResponse({ type: RequestPage })
  @ApiProblems('validation_failed')
  listRequests(@Owner() owner: string, @Query() query: RequestsQuery): Promise<RequestPage> {
    return this.requests.list(owner, query);
  }

  @Get('requests/:request_id/images')
  @ApiOperation({ summary: 'The images of a request', description: 'By position, page by page.' })
  @ApiRequestId()
  @ApiOkResponse({ type: ImagePage })
  @ApiProblems('not_found', 'validation_failed')
  async listImages(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Query() query: ImagesQuery,
  ): Promise<ImagePage> {
    return this.images.list(await this.requests.find(owner, id), query);
  }
}
