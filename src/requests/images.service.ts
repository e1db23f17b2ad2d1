import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { prepared } from '../database/sql.js';
import { ObjectStorage } from '../storage/object-storage.js';
import { cutPage } from './cursor.js';
import { imageBody, listedImageBody, type ProductTitle, type UrlFor } from './image-body.js';
import type { ProductBody } from './image-body.dto.js';
import type { ImagePage } from './pages.dto.js';
import type { ProcessingRequest } from './processing-request.entity.js';
import { ProductImage } from './product-image.entity.js';
import { imageCounts } from './request-body.js';
import type { ImagesQuery } from './requests-query.dto.js';

const FIRST_PRODUCTS = 50;
const FIRST_IMAGES = 500;
/** Positions read at once for a list. Without that end, PostgreSQL looks for a rare status in the whole table. */
const STEP = 100_000;

/** The text of $2 and $3, the columns of serial number and name; where the former is missing or empty the row counts. */
const TITLE = `row, COALESCE(NULLIF(btrim(cells->>$2::int), ''), row::text) AS serial_number, cells->>$3::int AS product_name`;

/** Reads the images of a request, by ranges of primary keys. */
@Injectable()
export class ImagesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly storage: ObjectStorage,
  ) {}

  /** The first 50 products, fewer when those have more than 500 images; whole products only. */
  async firstProducts(request: ProcessingRequest): Promise<ProductBody[]> {
    const products = await prepared<ProductTitle & { end: number }>(
      this.dataSource,
      `SELECT ${TITLE}, first_position + image_count AS end FROM product
       WHERE request_id = $1 AND row <= $4 AND (first_position + image_count <= $5 OR row = 1) ORDER BY row`,
      [...titleOf(request), FIRST_PRODUCTS, FIRST_IMAGES],
    );
    const images = await this.imagesOf(request)
      .andWhere('image.position < :end', { end: products.at(-1)?.end ?? 0 })
      .getMany();
    const urlFor = this.urlsOf(request);
    return products.map(({ row, serial_number, product_name }) => ({
      row,
      serial_number,
      product_name,
      images: images
        .filter((image) => image.row === row)
        .map((image) => imageBody(image, request.status, urlFor)),
    }));
  }

  /** By position. What a filter leaves out is read past, in steps: a million images take about half a second. */
  async list(request: ProcessingRequest, filter: ImagesQuery): Promise<ImagePage> {
    // The counters know when there is nothing to find, which no index does.
    if (filter.status && imageCounts(request)[filter.status] === 0) return { data: [], next_cursor: null };
    const found: ProductImage[] = [];
    let after = filter.cursor ?? -1;
    for (; after < request.imageCount - 1 && found.length <= filter.limit; after += STEP) {
      found.push(
        ...(await this.matching(request, filter, after)
          .limit(filter.limit + 1)
          .getMany()),
      );
    }
    const { page, nextCursor } = cutPage(found, filter.limit, ({ position }) => position);
    const titles = await this.titles(request, page);
    const urlFor = this.urlsOf(request);
    return {
      data: page.map((image) => listedImageBody(image, titles.get(image.row)!, request.status, urlFor)),
      next_cursor: nextCursor,
    };
  }

  /** Of the next images after a position, those that the filter lets through. */
  private matching(request: ProcessingRequest, { status, error_code }: ImagesQuery, after: number) {
    const query = this.imagesOf(request).andWhere('image.position > :after AND image.position <= :last', {
      after,
      last: after + STEP,
    });
    // A pending image of a cancelled request is cancelled; no row says so.
    const stored = status === 'cancelled' ? 'pending' : status;
    if (stored) query.andWhere('image.status = :stored', { stored });
    if (error_code)
      query.andWhere(`image.status = 'failed' AND image.errorCode = :error_code`, { error_code });
    return query;
  }

  /** By the prefix that the request was given when it was accepted. */
  private urlsOf({ publicUrl }: ProcessingRequest): UrlFor {
    return (key) => this.storage.urlFor(key, publicUrl);
  }

  private imagesOf(request: ProcessingRequest) {
    return this.dataSource
      .getRepository(ProductImage)
      .createQueryBuilder('image')
      .where('image.requestId = :id', { id: request.id })
      .orderBy('image.position');
  }

  private async titles(
    request: ProcessingRequest,
    images: ProductImage[],
  ): Promise<Map<number, ProductTitle>> {
    const rows = [...new Set(images.map((image) => image.row))];
    const titles = await prepared<ProductTitle>(
      this.dataSource,
      `SELECT ${TITLE} FROM product WHERE request_id = $1 AND row = ANY($4)`,
      [...titleOf(request), rows],
    );
    return new Map(titles.map((title) => [title.row, title]));
  }
}

function titleOf({ id, csvColumns }: ProcessingRequest): unknown[] {
  return [id, csvColumns.serialNumber, csvColumns.productName];
}
