import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Env } from '../config/env.js';
import { outageOf } from './outage.js';
import { problemBody } from './problem-body.js';
import type { ProblemCode } from './problem-catalogue.js';
import { Problem } from './problem.js';

/** Statuses that the framework answers with by itself, and what we call them; other 4xx are malformed requests. */
const BY_STATUS: Record<number, ProblemCode> = {
  404: 'not_found',
  413: 'body_too_large',
  // An id longer than any that we give.
  414: 'not_found',
  415: 'unsupported_media_type',
};

/** The one route that takes anything but JSON. */
export const UPLOAD_ROUTE = '/api/upload';

/** After an outage of the database, which is seldom longer than its restart. */
const RETRY_AFTER_SECONDS = 5;

/** Writes whatever was thrown as `application/problem+json` (RFC 9457). What is our own fault is logged, never told. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(private readonly env: Env) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also for what Fastify finds wrong before there is a route, and so before Nest. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    // A body that came too slowly: its sender has been told, and what was reading it now fails.
    if (reply.sent) {
      if (!(error instanceof Problem) && codeOfNode(error) !== 'ECONNRESET') this.log(error, request);
      return;
    }
    const problem = toProblem(error, request);
    if (problem.status >= 500) this.log(error, request);
    const { retryAfterSeconds, headers } = problem.extra;
    if (headers) reply.headers(headers);
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
    // Nobody goes on with a body that was left in the middle. One that nobody has begun is thrown away by Node.
    if (!request.raw.complete && request.raw.readableDidRead) reply.header('connection', 'close');
    void reply
      .status(problem.status)
      .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'x-request-id': request.id })
      .send(problemBody(problem, this.env.publicUrl, request.id));
  }

  /** A 503 that somebody decided on is no fault of the code: its stack says nothing. */
  private log(error: unknown, request: FastifyRequest): void {
    const line = `${request.method} ${request.routeOptions?.url}: ${describe(error)}`;
    if (!(error instanceof Problem)) this.logger.error(line, stackOf(error));
    else this.logger.warn(error.cause ? `${line} (${describe(error.cause)})` : line);
  }
}

function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  // Before a look for outages: a connection to the database breaks with the same code.
  if (request.raw.destroyed && !request.raw.complete && codeOfNode(error) === 'ECONNRESET') {
    return new Problem('malformed_request', 'The request broke off before its end.', { cause: error });
  }
  const outage = outageOf(error);
  if (outage) {
    return new Problem('unavailable', outage, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
  }
  const status = statusOf(error) ?? 500;
  if (status >= 500) {
    return new Problem('internal_error', 'It is in our log under this trace_id.', { cause: error });
  }
  const code = codeOf(status, request);
  return new Problem(code, detailOf(code, error as Error), { cause: error });
}

function codeOf(status: number, { routeOptions }: FastifyRequest): ProblemCode {
  const code = BY_STATUS[status] ?? 'malformed_request';
  return code === 'unsupported_media_type' && routeOptions?.url !== UPLOAD_ROUTE ? 'json_expected' : code;
}

/** Only of what the framework throws: a status that any other error carries was not meant for our callers. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { name, statusCode } = Object(error) as { name?: string; statusCode?: number };
  return name === 'FastifyError' ? statusCode : undefined;
}

function detailOf(code: ProblemCode, error: Error): string {
  if (code === 'not_found') return 'There is nothing at this address.';
  if (code === 'unsupported_media_type') {
    return 'Send a form (multipart/form-data) with the CSV as "file", or the CSV itself as text/csv.';
  }
  if (code === 'json_expected') return 'Send JSON, with the header "Content-Type: application/json".';
  return error.message;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const stackOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : undefined);
const codeOfNode = (error: unknown): unknown => (Object(error) as NodeJS.ErrnoException).code;
