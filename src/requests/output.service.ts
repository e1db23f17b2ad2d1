import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { Problem } from '../errors/problem.js';
import { ObjectStorage } from '../storage/object-storage.js';
import type { DownloadQuery } from './download-query.dto.js';
import { outputCsv, type OutputCsv, type OutputImage } from './output-csv.js';
import { FIRST_PAGE_ROWS, nextPageRows } from './page-size.js';
import type { ProcessingRequest } from './processing-request.entity.js';
import type { ProductImage } from './product-image.entity.js';
import type { Product } from './product.entity.js';
import { requestBody } from './request-body.js';
import { imageStatus, isTerminal } from './request-status.js';

const PAGE_IMAGES = 5000;
const RETRY_AFTER_SECONDS = { least: 1, unknown: 5, most: 60 };

type OutputProduct = Pick<Product, 'row' | 'cells'> & { first: number; count: number };
type StoredImage = Pick<
  ProductImage,
  'status' | 'objectKey' | 'errorCode' | 'originalSize' | 'compressedSize'
>;

/** Streams the output CSV from the database; nothing is generated before, or kept. */
@Injectable()
export class OutputService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly storage: ObjectStorage,
  ) {}

  /** Throws `not_finished` while the request is not terminal, unless what there is will do (`partial`). */
  csv(request: ProcessingRequest, options: DownloadQuery): Readable {
    if (!options.partial && !isTerminal(request.status)) throw notFinished(request);
    const csv = outputCsv(request.csvColumns.names, {
      columns: options.columns,
      bom: options.bom,
      safeCells: options.safe_cells,
    });
    return Readable.from(this.pages(request, csv), { objectMode: false });
  }

  /**
   * A page is read when the one before has been taken, so a slow client costs the memory of two and no connection; one
   * that goes away ends the reading. Rows that are gone (the request is being removed) break the stream off: a file
   * that is shorter than the input must not look whole.
   */
  private async *pages(request: ProcessingRequest, csv: OutputCsv): AsyncGenerator<string> {
    // With the first page, so that a database that is down is still told by a status.
    let head = csv.header;
    let limit = FIRST_PAGE_ROWS;
    for (let next = { row: 1, position: 0 }; next.row <= request.productCount;) {
      const products = await this.products(request.id, next, limit);
      const last = products.at(-1);
      if (!last) throw new Error(`Product ${next.row} of request ${request.id} is gone`);
      const end = last.first + last.count;
      const images = await this.images(request, next.position, end);
      if (images.length < end - next.position) throw new Error(`Images of request ${request.id} are gone`);
      const page = products
        .map(({ cells, first, count }) =>
          csv.record(cells, images.slice(first - next.position, first - next.position + count)),
        )
        .join('');
      yield head + page;
      head = '';
      limit = nextPageRows(products.length, page.length);
      next = { row: last.row + 1, position: end };
    }
  }

  /** Products from a row on: as many as have at most so many images together, but at least one. */
  private products(
    requestId: string,
    from: { row: number; position: number },
    limit: number,
  ): Promise<OutputProduct[]> {
    return sql(
      this.dataSource,
      `SELECT row, cells, first_position AS first, image_count AS count FROM product
       WHERE request_id = $1 AND row >= $2::int AND row < $2::int + $3::int
         AND (first_position + image_count <= $4 OR row = $2) ORDER BY row`,
      [requestId, from.row, limit, from.position + PAGE_IMAGES],
    );
  }

  private async images(request: ProcessingRequest, from: number, end: number): Promise<OutputImage[]> {
    const images = await sql<StoredImage>(
      this.dataSource,
      `SELECT status, object_key AS "objectKey", error_code AS "errorCode",
              original_size AS "originalSize", compressed_size AS "compressedSize"
       FROM product_image WHERE request_id = $1 AND position >= $2 AND position < $3 ORDER BY position`,
      [request.id, from, end],
    );
    // Written out: a rest element here costs more than everything else about an image.
    return images.map((image) => ({
      status: imageStatus(image.status, request.status),
      outputUrl: image.objectKey === null ? null : this.storage.urlFor(image.objectKey, request.publicUrl),
      errorCode: image.errorCode,
      originalSize: image.originalSize,
      compressedSize: image.compressedSize,
    }));
  }
}

function notFinished(request: ProcessingRequest): Problem {
  const { least, unknown, most } = RETRY_AFTER_SECONDS;
  const seconds = requestBody(request, new Date()).eta_seconds ?? unknown;
  return new Problem(
    'not_finished',
    `The request is still ${request.status}. Try again later, or add ?partial=true for what there is now.`,
    { retryAfterSeconds: Math.min(Math.max(seconds, least), most) },
  );
}
