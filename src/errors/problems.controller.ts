import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access } from '../access/access.decorator.js';
import { ApiPublicProblems } from './api-problems.decorator.js';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';
import { Problem } from './problem.js';

/** The pages that the `type` of a problem leads to. */
@ApiTags('operations')
@Access('public')
@Controller('problems')
export class ProblemsController {
  @Get(':code')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOperation({
    summary: 'What a problem means',
    description: 'The page that the `type` of a problem leads to.',
  })
  @ApiResponse({
    status: 200,
    description: 'A few lines of text.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  @ApiPublicProblems('not_found')
  explainProblem(@Param('code') code: string): string {
    if (!Object.hasOwn(PROBLEMS, code)) throw new Problem('not_found', 'There is no problem of this name.');
    const { status, title, help } = PROBLEMS[code as ProblemCode];
    return `${code} (HTTP ${status})\n\n${title}. ${help}\n`;
  }
}
