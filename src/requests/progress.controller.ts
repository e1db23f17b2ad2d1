import { Controller, Get, Headers, HttpStatus, Param, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.decorator.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ApiRequestId } from './api-request-id.decorator.js';
import { doneId } from './progress-snapshot.js';
import { ProgressWatch } from './progress-watch.js';
import { isTerminal } from './request-status.js';
import { RequestsService } from './requests.service.js';

const HEADERS = {
  'cache-control': 'no-cache, no-transform',
  // nginx would hold the events back until they fill a buffer.
  'x-accel-buffering': 'no',
  // Nothing is asked on this connection again; a server that closes need not wait until it has been idle for long.
  connection: 'close',
};

const EXAMPLE = `retry: 3000
id: 1-2
event: progress
data: {"request_id":"0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90","status":"processing","run":1,"progress":66.7,"eta_seconds":4,…}

id: 1-3
event: progress
data: {"request_id":"0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90","status":"completed","run":1,"progress":100,"eta_seconds":null,…}

id: 1-done
event: done
data: {"request_id":"0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90","status":"completed","run":1,"progress":100,"eta_seconds":null,…}

`;

@ApiTags('requests')
@Access('requests:read')
@Controller('api/requests')
export class ProgressController {
  constructor(
    private readonly requests: RequestsService,
    private readonly watch: ProgressWatch,
  ) {}

  @Get(':request_id/events')
  @ApiOperation({
    summary: 'Watch a request',
    description:
      'Server-sent events. `progress` has the status without products: first at once, then whenever it has changed, at most twice a second. `done` has the same when the request is terminal, and ends the stream. A comment every 15 seconds keeps it alive. When it ends without `done`, after ten minutes at the latest, ask again: an `EventSource` does so by itself.',
  })
  @ApiRequestId()
  @ApiHeader({
    name: 'Last-Event-ID',
    description: 'The `id` of the last event that arrived; an `EventSource` sends it when it comes back',
    required: false,
    schema: { type: 'string' },
  })
  @ApiOkResponse({
    description: 'The events, for as long as the request is not terminal.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  })
  @ApiNoContentResponse({
    description: '`Last-Event-ID` is that of `done`, and nothing has begun since: do not come back',
  })
  @ApiProblems('not_found', 'too_many_streams')
  async watchRequest(
    @Owner() owner: string,
    @Param('request_id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const request = await this.requests.find(owner, id);
    if (isTerminal(request.status) && lastEventId === doneId(request.run)) {
      reply.code(HttpStatus.NO_CONTENT);
      return undefined;
    }
    reply.headers(HEADERS);
    // Nest destroys the stream of a StreamableFile when the client goes away, and does not read it for a HEAD.
    return new StreamableFile(this.watch.listen(request), { type: 'text/event-stream' });
  }
}
