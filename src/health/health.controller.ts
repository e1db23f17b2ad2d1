import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.decorator.js';
import { ApiPublicProblems } from '../errors/api-problems.decorator.js';
import { HealthBody, LiveBody } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Access('public')
  @ApiOperation({ summary: 'Is the process alive' })
  @ApiResponse({ status: 200, type: LiveBody, description: 'It answers.' })
  getLiveness(): LiveBody {
    return { status: 'ok' };
  }

  @Get('ready')
  @Access('local')
  @ApiOperation({
    summary: 'Can the process do its work',
    description:
      'Tries the database, the queue and the storage. Programs of the same machine need no key, others any key.',
  })
  @ApiResponse({ status: 200, type: HealthBody, description: 'All of them answer.' })
  @ApiResponse({
    status: 503,
    type: HealthBody,
    description: 'One of them does not, or the process is stopping.',
  })
  @ApiPublicProblems('unauthorized', 'rate_limited')
  async getReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthBody> {
    const body = await this.health.ready();
    if (body.status !== 'ok') reply.status(503).header('retry-after', '5');
    return body;
  }
}
