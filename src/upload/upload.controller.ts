import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.decorator.js';
import { Env } from '../config/env.js';
import { Owner } from '../access/owner.js';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { receiveUpload } from './receive-upload.js';
import { AcceptedBody, ValidationReport } from './upload-answers.dto.js';
import { UploadForm } from './upload-form.dto.js';
import { UploadGate } from './upload-gate.js';
import { UploadService } from './upload.service.js';

@ApiTags('requests')
@Access('requests:write')
@Controller('api')
export class UploadController {
  constructor(
    private readonly gate: UploadGate,
    private readonly uploads: UploadService,
    private readonly env: Env,
  ) {}

  @Post('upload')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Upload a CSV',
    description:
      'Takes a CSV of products with image URLs and begins to compress the images. Options are form fields, before or ' +
      'after the file, or query parameters. The body may also be the CSV itself (`Content-Type: text/csv`), with the ' +
      'options as query parameters.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Makes it safe to send the upload again when no answer came: for 24 hours the same key with the same file and ' +
      'options gets the answer of the first one, with its secret, and nothing is stored twice. At most 255 characters, ' +
      'with or without quotes around them.',
    // No example: Swagger UI would send it.
    schema: { type: 'string' },
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadForm })
  @ApiResponse({
    status: 202,
    type: AcceptedBody,
    description: 'Accepted; the images are being processed.',
    headers: {
      Location: { description: 'The status URL.', schema: { type: 'string' } },
      'Idempotency-Replayed': {
        description: '`true` when it is the answer of an earlier upload with the same `Idempotency-Key`.',
        schema: { type: 'string', enum: ['true'] },
      },
    },
  })
  @ApiResponse({ status: 200, type: ValidationReport, description: 'The report of `validate_only`.' })
  @ApiProblems(
    'malformed_request',
    'request_timeout',
    'idempotency_key_in_use',
    'file_too_large',
    'too_many_images',
    'unsupported_media_type',
    'validation_failed',
    'file_missing',
    'csv_invalid',
    'idempotency_key_reused',
    'webhook_url_invalid',
    'too_many_open',
    'storage_full',
  )
  async uploadCsv(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Owner() owner: string,
  ): Promise<AcceptedBody | ValidationReport> {
    await this.gate.admit(request, reply, this.uploads.spoolDirectory);
    const upload = await receiveUpload(request, this.uploads.spoolDirectory, this.env.maxCsvBytes);
    try {
      const { body, replayed } = await this.uploads.accept(
        upload,
        owner,
        request.raw.headersDistinct['idempotency-key'],
      );
      if ('status_url' in body) reply.header('location', body.status_url);
      else reply.status(200);
      if (replayed) reply.header('idempotency-replayed', 'true');
      return body;
    } finally {
      await upload.file.close();
    }
  }
}
