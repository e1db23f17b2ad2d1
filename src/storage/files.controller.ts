import { once } from 'node:events';
import { ReadStream } from 'node:fs';
import { Controller, Get, Inject, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { send, type SendResult } from '@fastify/send';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.decorator.js';
import { Env } from '../config/env.js';
import { ApiPublicProblems } from '../errors/api-problems.decorator.js';
import { Problem } from '../errors/problem.js';
import { OBJECT_TYPES, parseObjectKey } from './object-key.js';

const YEAR_MS = 365 * 24 * 3_600_000;

/**
 * The bytes came from strangers: a browser takes them as the image they are said to be and as nothing else, and lets
 * them run nothing even when somebody opens one as a page. Every site may show them.
 */
const SAFETY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

const IMAGE_CONTENT = Object.fromEntries(
  Object.values(OBJECT_TYPES).map((type) => [type, { schema: { type: 'string', format: 'binary' } }]),
);

@ApiTags('files')
@Access('public')
@Controller('files')
export class FilesController {
  constructor(@Inject(Env) private readonly env: Env) {}

  // Fastify adds HEAD by itself. Its router takes a wildcard without a name only; the document calls it `path`.
  @Get('*')
  @ApiOperation({
    summary: 'An output image',
    description: 'From local storage. It never changes: caches may keep it for ever. Answers HEAD too.',
  })
  @ApiParam({
    name: 'path',
    type: String,
    description: 'The key of the object: what follows `/files/` in an output URL',
    example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90/0-5d41402abc4b2a76b9719d911017c592-sku1-front.jpg',
  })
  @ApiResponse({ status: 200, description: 'The image', content: IMAGE_CONTENT })
  @ApiResponse({
    status: 206,
    description: 'The part of the image that `Range` asked for',
    content: IMAGE_CONTENT,
  })
  @ApiResponse({ status: 304, description: 'Not changed since `If-None-Match` or `If-Modified-Since`' })
  @ApiResponse({ status: 416, description: 'The image ends before the part that `Range` asked for' })
  @ApiPublicProblems('not_found')
  async getFile(
    @Req() request: FastifyRequest<{ Params: { '*': string } }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const key = request.params['*'];
    const object = parseObjectKey(key);
    const file = object && (await this.open(key, request));
    if (!file) throw new Problem('not_found', 'There is no file at this address. It may have been removed.');

    reply.code(file.statusCode);
    if (file.type === 'error') {
      // 412, or 416 with the length. The HTML that comes with them is not for us.
      const contentRange = file.headers['Content-Range'];
      if (contentRange) reply.header('content-range', contentRange);
      return undefined;
    }
    reply.headers({
      ...file.headers,
      ...SAFETY_HEADERS,
      'content-type': object.contentType,
      'content-disposition': `inline; filename="${object.fileName}"`,
    });
    // Nest destroys the stream of a StreamableFile, and so closes the file, whenever the client goes away.
    return new StreamableFile(file.stream);
  }

  /** What to answer; undefined when there is no such file. */
  private async open(key: string, request: FastifyRequest): Promise<SendResult | undefined> {
    const root = this.env.storage.directory;
    const options = { root, index: false, contentType: false, maxAge: YEAR_MS, immutable: true };
    const file = await send(request.raw, key, options);
    if (file.statusCode === 404 || file.type === 'directory') return undefined;
    if (file.type === 'error' && file.statusCode === 500) {
      throw new Error(`Cannot read object ${key}`, { cause: file.metadata.error });
    }
    // Before any header is set: the answer to a file that cannot be opened must not be kept for a year.
    if (file.stream instanceof ReadStream) await once(file.stream, 'open');
    return file;
  }
}
