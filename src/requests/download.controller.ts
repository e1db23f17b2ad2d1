import { Controller, Get, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiRequestId } from './api-request-id.decorator.js';
import { csvFile } from './csv-file.js';
import { DownloadQuery } from './download-query.dto.js';
import { OutputService } from './output.service.js';
import { RequestsService } from './requests.service.js';

const EXAMPLE = `S. No.,Product Name,Input Image Urls,Output Image Urls\r
1,SKU1,"https://shop.example/1.jpg,https://shop.example/2.jpg","https://img.example/files/…-1.jpg,https://img.example/files/…-2.jpg"\r
`;

@ApiTags('requests')
@Access('requests:read')
@Controller('api/download')
export class DownloadController {
  constructor(
    private readonly requests: RequestsService,
    private readonly output: OutputService,
  ) {}

  @Get(':request_id')
  @ApiOperation({
    summary: 'The output CSV',
    description:
      'The input with the output URLs beside it: the n-th answers the n-th input URL and is empty when that image failed.',
  })
  @ApiRequestId()
  @ApiOkResponse({
    description: '`output_{request_id}.csv`: UTF-8, separated by commas, RFC 4180.',
    content: { 'text/csv': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiProblems('not_found', 'not_finished', 'validation_failed')
  async downloadOutput(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Query() query: DownloadQuery,
  ): Promise<StreamableFile> {
    const request = await this.requests.find(owner, id);
    return csvFile(this.output.csv(request, query), `output_${request.id}.csv`);
  }
}
