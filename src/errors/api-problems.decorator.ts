import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto.js';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

/** What can happen at any route. */
const ANYWHERE: ProblemCode[] = ['internal_error', 'unavailable'];
/** What the guard answers with, before a route that asks for a key. */
const GUARDED: ProblemCode[] = ['unauthorized', 'insufficient_scope', 'foreign_page', 'rate_limited'];

/** Says in the OpenAPI document which problems a route answers with; those of one HTTP status share a response. */
export const ApiProblems = (...own: ProblemCode[]): MethodDecorator & ClassDecorator =>
  problemResponses([...own, ...GUARDED, ...ANYWHERE]);

/** The same of a route that everybody may call. */
export const ApiPublicProblems = (...own: ProblemCode[]): MethodDecorator & ClassDecorator =>
  problemResponses([...own, ...ANYWHERE]);

function problemResponses(codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))];
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) => problemResponse(status, codes)),
  );
}

function problemResponse(status: number, codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const own = codes.filter((code) => PROBLEMS[code].status === status);
  return ApiResponse({
    status,
    description: own.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(ProblemDto) },
        examples: Object.fromEntries(own.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  });
}

function problemExample(code: ProblemCode): ProblemDto {
  const { status, title, help } = PROBLEMS[code];
  return {
    type: `http://127.0.0.1:3000/problems/${code}`,
    title,
    status,
    detail: help,
    code,
    error: title,
    trace_id: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
  };
}
