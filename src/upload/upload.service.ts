import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Env } from '../config/env.js';
import { Problem } from '../errors/problem.js';
import { Dispatcher } from '../processing/dispatcher.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { assertWebhookUrl } from '../webhooks/webhook-url.js';
import { WebhookRegistrationsService } from '../webhooks/webhook-registrations.service.js';
import { inspectProductCsv, NotText, readProducts, TooManyImages } from './product-csv.js';
import type { CsvFormat, CsvReport } from './product-csv.js';
import type { ReceivedUpload } from './receive-upload.js';
import type { Spool } from './spool.js';
import type { AcceptedBody, ValidationReport } from './upload-answers.dto.js';
import { UploadOptions } from './upload-options.dto.js';
import { csvInvalid } from './upload-problems.js';

/** Images per INSERT: large enough for speed, small enough for flat memory. */
const BATCH = 5000;

/** Turns an uploaded CSV into a request. */
@Injectable()
export class UploadService {
  /** Uploads wait here between their two readings. */
  readonly spoolDirectory: string;
  private readonly logger = new Logger('Upload');

  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly registrations: WebhookRegistrationsService,
    private readonly dispatcher: Dispatcher,
    private readonly env: Env,
  ) {
    this.spoolDirectory = join(env.dataDir, 'tmp');
  }

  /**
   * Checks all of the file, then stores all of it in one transaction, and puts the first slices on the queue. Throws a
   * Problem with every fault, and then nothing is stored. With `validate_only` it gives the report and stores nothing.
   */
  async accept(upload: ReceivedUpload, ownerId: string): Promise<AcceptedBody | ValidationReport> {
    const options = await UploadOptions.from(upload.values);
    if (options.webhook_url) assertWebhookUrl(options.webhook_url, this.env);
    const report = await this.inspect(upload.file);
    if (options.validate_only) return validationReport(report);
    if (!report.format || report.errorCount > 0) throw csvInvalid(report);
    return this.store(upload, options, { ...report, format: report.format }, ownerId);
  }

  private async inspect(file: Spool): Promise<CsvReport> {
    const { maxImagesPerRequest: maxImages } = this.env;
    try {
      return await inspectProductCsv(() => file.read(), { maxImages, urls: this.env });
    } catch (error) {
      if (error instanceof NotText) throw new Problem('unsupported_media_type', error.message);
      if (error instanceof TooManyImages) {
        throw new Problem('too_many_images', `The file has more than ${maxImages} images; split it.`);
      }
      throw error;
    }
  }

  private async store(
    upload: ReceivedUpload,
    options: UploadOptions,
    report: CsvReport & { format: CsvFormat },
    ownerId: string,
  ): Promise<AcceptedBody> {
    const id = uuidv7();
    const { publicUrl } = this.env;
    const { slices, secret } = await this.dataSource.transaction(async (manager) => {
      await this.requests.insert(manager, {
        id,
        ownerId,
        label: options.label ?? null,
        fileName: upload.fileName?.replaceAll('\0', '').slice(0, 255) ?? null,
        options: {
          quality: options.quality,
          format: options.format,
          effort: options.effort,
          maxWidth: options.max_width ?? null,
          maxHeight: options.max_height ?? null,
        },
        csvColumns: report.format.columns,
        publicUrl,
        productCount: report.productCount,
        imageCount: report.imageCount,
      });
      let position = 0;
      for await (const products of readProducts(() => upload.file.read(), report.format, BATCH)) {
        position = await this.requests.insertProducts(manager, id, products, position);
      }
      const url = options.webhook_url;
      const registered = url && (await this.registrations.register(manager, { ownerId, url, requestId: id }));
      return {
        slices: await this.dispatcher.begin(manager, id, 1, report.imageCount),
        secret: registered ? registered.endpoint.secret : undefined,
      };
    });
    await this.dispatcher.enqueue(slices);
    this.logger.log(`request ${id} accepted: ${report.productCount} products, ${report.imageCount} images`);
    return {
      request_id: id,
      status: 'pending',
      product_count: report.productCount,
      image_count: report.imageCount,
      warnings: report.warnings,
      message: 'Processing started',
      status_url: `${publicUrl}/api/status/${id}`,
      download_url: `${publicUrl}/api/download/${id}`,
      ...(secret && { webhook_secret: secret }),
    };
  }
}

function validationReport(report: CsvReport): ValidationReport {
  return {
    valid: report.errorCount === 0,
    product_count: report.productCount,
    image_count: report.imageCount,
    warnings: report.warnings,
    errors: report.errors,
    error_count: report.errorCount,
  };
}
