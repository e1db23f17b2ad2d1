import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Env } from '../config/env.js';
import { Problem } from '../errors/problem.js';
import { Dispatcher } from '../processing/dispatcher.js';
import type { DuePass } from '../processing/slices.js';
import { IdempotencyKeys, type KeyUse } from '../requests/idempotency-keys.js';
import { OpenLimits } from '../requests/open-limits.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { assertWebhookUrl } from '../webhooks/webhook-url.js';
import { WebhookRegistrationsService } from '../webhooks/webhook-registrations.service.js';
import { fingerprintOf, readIdempotencyKey } from './idempotency.js';
import { inspectProductCsv, NotText, readProducts, TooManyImages } from './product-csv.js';
import type { CsvFormat, CsvReport } from './product-csv.js';
import type { ReceivedUpload } from './receive-upload.js';
import type { Spool } from './spool.js';
import type { AcceptedBody, ValidationReport } from './upload-answers.dto.js';
import { UploadOptions } from './upload-options.dto.js';
import { csvInvalid } from './upload-problems.js';

/** Images per INSERT. With 5,000 an upload takes no less time, and V8 takes what they leave behind for long-lived: 180 MB. */
const BATCH = 1000;

/** What an upload is answered with. */
export interface UploadAnswer {
  body: AcceptedBody | ValidationReport;
  /** The answer of an earlier upload with the same key; this one stored nothing. */
  replayed: boolean;
}

/** An upload without a fault, as it is stored. */
interface CheckedUpload {
  upload: ReceivedUpload;
  options: UploadOptions;
  report: CsvReport & { format: CsvFormat };
  ownerId: string;
  /** Undefined without a key. */
  use: KeyUse | undefined;
}

/** Turns an uploaded CSV into a request. */
@Injectable()
export class UploadService {
  /** Uploads wait here between their two readings. */
  readonly spoolDirectory: string;
  private readonly logger = new Logger('Upload');

  constructor(
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly keys: IdempotencyKeys,
    private readonly limits: OpenLimits,
    private readonly registrations: WebhookRegistrationsService,
    private readonly dispatcher: Dispatcher,
    private readonly env: Env,
  ) {
    this.spoolDirectory = join(env.dataDir, 'tmp');
  }

  /**
   * Checks all of the file, then stores all of it in one transaction, and puts the first slices on the queue. Throws a
   * Problem with every fault, and then nothing is stored. With `validate_only` it gives the report and stores nothing.
   * `keyHeaders` has the values of `Idempotency-Key`: an upload that was accepted under it before gets that answer again.
   */
  async accept(upload: ReceivedUpload, ownerId: string, keyHeaders?: string[]): Promise<UploadAnswer> {
    const options = await UploadOptions.from(upload.values);
    if (options.webhook_url) assertWebhookUrl(options.webhook_url, this.env);
    if (options.validate_only) {
      return { body: validationReport(await this.inspect(upload.file)), replayed: false };
    }
    const key = readIdempotencyKey(keyHeaders);
    const use =
      key === undefined ? undefined : { ownerId, key, fingerprint: fingerprintOf(options, upload.file) };
    const kept = use && (await this.keys.find(use));
    if (kept) return replay(kept);
    const report = await this.inspect(upload.file);
    if (!report.format || report.errorCount > 0) throw csvInvalid(report);
    return this.store({ upload, options, report: { ...report, format: report.format }, ownerId, use });
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

  private async store(checked: CheckedUpload): Promise<UploadAnswer> {
    const { use } = checked;
    const { body, replayed, slices } = await this.dataSource.transaction(async (manager) => {
      // Another upload may have been accepted under the key while this one was checked.
      const kept = use && (await this.keys.claim(manager, use));
      if (kept) return { ...replay(kept), slices: [] };
      // Looked at before the work, and made sure of after it, in a moment: others of the same owner may come meanwhile.
      await this.limits.look(manager, checked.ownerId, checked.report.imageCount);
      const inserted = await this.insert(manager, checked);
      await this.limits.assertKept(manager, checked.ownerId);
      if (use) await this.keys.keep(manager, use, inserted.body);
      return { ...inserted, replayed: false };
    });
    await this.dispatcher.enqueue(slices);
    if (!replayed) {
      const { request_id: id, product_count: products, image_count: images } = body;
      this.logger.log(`request ${id} accepted: ${products} products, ${images} images`);
    }
    return { body, replayed };
  }

  /** Gives what to answer, and what to enqueue, once the transaction is committed. */
  private async insert(
    manager: EntityManager,
    { upload, options, report, ownerId }: CheckedUpload,
  ): Promise<{ body: AcceptedBody; slices: DuePass[] }> {
    const id = uuidv7();
    const { publicUrl } = this.env;
    const { productCount, imageCount } = report;
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
      productCount,
      imageCount,
    });
    let position = 0;
    for await (const products of readProducts(() => upload.file.read(), report.format, BATCH)) {
      position = await this.requests.insertProducts(manager, id, products, position);
    }
    const url = options.webhook_url;
    const registered = url && (await this.registrations.register(manager, { ownerId, url, requestId: id }));
    const slices = await this.dispatcher.begin(manager, id, 1, imageCount);
    const body: AcceptedBody = {
      request_id: id,
      status: 'pending',
      product_count: productCount,
      image_count: imageCount,
      warnings: report.warnings,
      message: 'Processing started',
      status_url: `${publicUrl}/api/status/${id}`,
      download_url: `${publicUrl}/api/download/${id}`,
      ...(registered && { webhook_secret: registered.endpoint.secret }),
    };
    return { body, slices };
  }
}

/** Whatever is kept under a key is what an upload was answered with. */
function replay(kept: unknown): { body: AcceptedBody; replayed: boolean } {
  return { body: kept as AcceptedBody, replayed: true };
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
