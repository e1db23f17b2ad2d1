import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  GoneException,
  Logger,
  Module,
  NotFoundException,
  Param,
  ServiceUnavailableException,
  StreamableFile,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { parseEnv } from '../../../src/config/env.js';
import { logBrokenAnswers } from '../../../src/errors/broken-answers.js';
import { ProblemFilter } from '../../../src/errors/problem.filter.js';
import { Problem } from '../../../src/errors/problem.js';

const THROWN: Record<string, unknown> = {
  problem: new Problem('not_finished', 'Two images are missing.', { retryAfterSeconds: 7 }),
  faults: new Problem('csv_invalid', 'Line 2: bad.', { errors: manyFaults(101), errorCount: 250 }),
  uncounted: new Problem('validation_failed', 'Bad.', { errors: manyFaults(3) }),
  missing: new NotFoundException('Cannot GET /secret/path'),
  media: new UnsupportedMediaTypeException('Unsupported: text/x'),
  other: new GoneException('It has moved.'),
  down: new ServiceUnavailableException('pool secret_pool is empty'),
  refused: Object.assign(new Error('connect ECONNREFUSED secret_host:5432'), { code: 'ECONNREFUSED' }),
  busy: Object.assign(new Error('canceling statement secret_sql'), { code: '57014' }),
  full: new Problem('storage_full', 'There is no room.', { cause: new Error('ENOSPC') }),
  error: new Error('connect to secret_host failed'),
  status: Object.assign(new Error('no key secret_key in the bucket'), { statusCode: 404 }),
  fastify: Object.assign(new Error('Bad.'), { name: 'FastifyError', statusCode: 406 }),
  text: 'secret_text',
  nothing: undefined,
};

function manyFaults(count: number): { code: string; message: string }[] {
  return Array.from({ length: count }, (_, index) => ({ code: 'bad', message: `fault ${index}` }));
}

function* breakingOff(chunks: number): Generator<string> {
  for (let chunk = 0; chunk < chunks; chunk++) yield 'a chunk';
  throw new Error('the rest is lost');
}

@Controller()
class ThrowingController {
  @Get('throw/:name')
  throwOne(@Param('name') name: string): void {
    throw THROWN[name];
  }

  @Get('stream/:chunks')
  breakOff(@Param('chunks') chunks: string): StreamableFile {
    return new StreamableFile(Readable.from(breakingOff(Number(chunks)), { objectMode: false }));
  }
}

@Module({ controllers: [ThrowingController] })
class ThrowingModule {}

let app: NestFastifyApplication;
/** Lines of level error, and of level warn. */
let logged: unknown[][];
let warned: unknown[][];

beforeAll(async () => {
  const adapter = new FastifyAdapter({ genReqId: () => 'trace-1' });
  logBrokenAnswers(adapter.getInstance());
  app = await NestFactory.create<NestFastifyApplication>(ThrowingModule, adapter, { logger: false });
  app.useGlobalFilters(new ProblemFilter(parseEnv({ PUBLIC_URL: 'https://img.example' })));
  await app.listen(0, '127.0.0.1');
});
beforeEach(() => {
  logged = [];
  warned = [];
  const error = (...line: unknown[]): void => void logged.push(line);
  const warn = (...line: unknown[]): void => void warned.push(line);
  Logger.overrideLogger({ error, log: () => undefined, warn });
});
afterAll(() => app.close());

async function answerTo(name: string): Promise<{ status: number; headers: Headers; body: Problem }> {
  const response = await fetch(`${await app.getUrl()}/throw/${name}`);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Problem };
}

it('writes a problem, with its Retry-After', async () => {
  const { status, headers, body } = await answerTo('problem');
  expect(status).toBe(409);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'retry-after': '7',
    'x-request-id': 'trace-1',
  });
  expect(body).toEqual({
    type: 'https://img.example/problems/not_finished',
    title: 'The request has not finished yet',
    status: 409,
    detail: 'Two images are missing.',
    code: 'not_finished',
    error: 'The request has not finished yet',
    trace_id: 'trace-1',
  });
  expect(logged).toEqual([]);
});

it('tells 100 faults and how many there are', async () => {
  expect((await answerTo('faults')).body).toMatchObject({
    errors: manyFaults(100),
    error_count: 250,
  });
  expect((await answerTo('uncounted')).body).toMatchObject({ errors: manyFaults(3), error_count: 3 });
});

it.each([
  ['missing', 404, 'not_found', 'There is nothing at this address.'],
  ['media', 415, 'json_expected', expect.stringContaining('application/json')],
  ['other', 400, 'malformed_request', 'It has moved.'],
  ['fastify', 400, 'malformed_request', 'Bad.'],
])('tells what the framework found wrong: %s', async (name, status, code, detail) => {
  const answer = await answerTo(name);
  expect(answer).toMatchObject({ status, body: { status, code, detail } });
  expect(logged).toEqual([]);
});

it.each(['error', 'status', 'down', 'text', 'nothing'])(
  'logs what is our own fault, and tells nothing of it: %s',
  async (name) => {
    const { status, body } = await answerTo(name);
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal_error', trace_id: 'trace-1' });
    expect(JSON.stringify(body)).not.toContain('secret');
    const thrown = THROWN[name];
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    expect(logged[0]![0]).toBe(`GET /throw/:name: ${message}`);
  },
);

it('calls an outage one, and says when to try again', async () => {
  const { status, headers, body } = await answerTo('refused');
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('5');
  expect(body).toMatchObject({ code: 'unavailable', detail: 'Its database cannot be reached.' });
  expect(logged[0]![0]).toContain('ECONNREFUSED');
});

it('says what is the matter with a database that answers', async () => {
  const { status, headers, body } = await answerTo('busy');
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('5');
  expect(body).toMatchObject({ code: 'unavailable', detail: 'Its database is too busy.' });
});

it('does not call it an error of ours that somebody decided to refuse a request', async () => {
  expect((await answerTo('full')).status).toBe(503);
  expect(logged).toEqual([]);
  expect(warned.map(([line]) => line)).toEqual(['GET /throw/:name: There is no room. (ENOSPC)']);
});

it('lets the connection break when the answer has begun', async () => {
  const response = await fetch(`${await app.getUrl()}/stream/1`);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow('terminated');
  expect(logged.map(([line]) => line)).toEqual(['GET /stream/:chunks broke off: the rest is lost']);
});

it('answers a stream that fails before its first chunk', async () => {
  const response = await fetch(`${await app.getUrl()}/stream/0`);
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(await response.json()).toMatchObject({ code: 'internal_error' });
  expect(logged.map(([line]) => line)).toEqual(['GET /stream/:chunks: the rest is lost']);
});
