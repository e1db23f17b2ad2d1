import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import type { CsvQuery } from './csv-query.dto.js';
import { errorsCsv, type ErrorsCsv, type FailedImage } from './errors-csv.js';
import { FIRST_PAGE_ROWS, nextPageRows } from './page-size.js';
import type { ProcessingRequest } from './processing-request.entity.js';

interface FailedProduct {
  cells: string[];
  /** The position behind its last image. */
  end: number;
  images: FailedImage[];
}

/** Streams the errors CSV from the database: the products of which an image has failed by now. */
@Injectable()
export class ErrorsService {
  constructor(private readonly dataSource: DataSource) {}

  csv(request: ProcessingRequest, options: CsvQuery): Readable {
    const csv = errorsCsv(request.csvColumns, { bom: options.bom, safeCells: options.safe_cells });
    return Readable.from(this.pages(request, csv), { objectMode: false });
  }

  /**
   * A page is read when the one before has been taken. Images that fail, or are tried again, in between only make it
   * more records or fewer; a request that is removed breaks the file off, which must not look whole then.
   */
  private async *pages(request: ProcessingRequest, csv: ErrorsCsv): AsyncGenerator<string> {
    // With the first page, so that a database that is down is still told by a status.
    let head = csv.header;
    let limit = FIRST_PAGE_ROWS;
    for (let position = 0; position < request.imageCount;) {
      const products = await this.failedProducts(request.id, position, limit);
      const last = products.at(-1);
      if (!last) break;
      const page = products.map(({ cells, images }) => csv.record(cells, images)).join('');
      yield head + page;
      head = '';
      const failed = products.reduce((count, { images }) => count + images.length, 0);
      limit = nextPageRows(failed, page.length);
      position = last.end;
    }
    await this.assertKept(request.id);
    if (head) yield head;
  }

  /**
   * The products of the next so many failed images from a position on, with all that have failed. One statement, so that a
   * product is seen at one moment, and by index only: the images by that of the failed ones, their products by key.
   */
  private failedProducts(requestId: string, position: number, limit: number): Promise<FailedProduct[]> {
    return sql(
      this.dataSource,
      `SELECT product.cells, product.first_position + product.image_count AS end, failed.images
       FROM product CROSS JOIN LATERAL (
         SELECT json_agg(json_build_object('url', source_url, 'code', error_code, 'detail', error_detail)
           ORDER BY position) AS images
         FROM product_image WHERE request_id = product.request_id AND status = 'failed'
           AND position >= product.first_position AND position < product.first_position + product.image_count) AS failed
       WHERE product.request_id = $1 AND product.row = ANY(ARRAY(
         SELECT row FROM product_image WHERE request_id = $1 AND status = 'failed' AND position >= $2
         ORDER BY position LIMIT $3))
       ORDER BY product.row`,
      [requestId, position, limit],
    );
  }

  private async assertKept(requestId: string): Promise<void> {
    const kept = await sql(
      this.dataSource,
      `SELECT FROM processing_request WHERE id = $1 AND deleted_at IS NULL`,
      [requestId],
    );
    if (kept.length === 0) throw new Error(`Request ${requestId} was removed while its errors were read`);
  }
}
