import { Controller, Get, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiRequestId } from './api-request-id.decorator.js';
import { csvFile } from './csv-file.js';
import { CsvQuery } from './csv-query.dto.js';
import { ErrorsService } from './errors.service.js';
import { RequestsService } from './requests.service.js';

const EXAMPLE = `S. No.,Product Name,Input Image Urls,Error Code,Error Detail\r
1,SKU1,"https://shop.example/2.jpg,https://shop.example/3.jpg","http_404,timeout",The host answered with status 404. | The host did not answer in time.\r
`;

@ApiTags('requests')
@Access('requests:read')
@Controller('api/requests')
export class ErrorsController {
  constructor(
    private readonly requests: RequestsService,
    private readonly errors: ErrorsService,
  ) {}

  @Get(':request_id/errors')
  @ApiOperation({
    summary: 'The errors CSV',
    description:
      'The products of which images have failed by now: the input with only the failed URLs in it, and why. ' +
      '`Error Code` is joined by `,` and `Error Detail` by ` | `, the n-th for the n-th URL. ' +
      'It can be uploaded again as it is. The header alone when nothing has failed.',
  })
  @ApiRequestId()
  @ApiOkResponse({
    description: '`errors_{request_id}.csv`: UTF-8, separated by commas, RFC 4180.',
    content: { 'text/csv': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiProblems('not_found', 'validation_failed')
  async downloadErrors(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Query() query: CsvQuery,
  ): Promise<StreamableFile> {
    const request = await this.requests.find(owner, id);
    return csvFile(this.errors.csv(request, query), `errors_${request.id}.csv`);
  }
}
