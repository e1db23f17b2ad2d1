import type { DataSource, QueryDeepPartialEntity } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { DEFAULT_OWNER } from '../../src/access/owner.js';
import { ProcessingRequest } from '../../src/requests/processing-request.entity.js';
import { ProductImage } from '../../src/requests/product-image.entity.js';
import { Product } from '../../src/requests/product.entity.js';

/** A product to insert; its images have what is given and are pending otherwise. */
export interface ProductSeed {
  cells: string[];
  images: Partial<ProductImage>[];
}

/** Inserts a request with its products and images; the counters are those of the images. */
export async function insertRequest(
  dataSource: DataSource,
  products: ProductSeed[] = [product('SKU1', [completed()])],
  request: Partial<ProcessingRequest> = {},
): Promise<ProcessingRequest> {
  const id = request.id ?? uuidv7();
  let position = 0;
  const rows = products.map(({ cells, images }, index): Product => {
    const firstPosition = position;
    position += images.length;
    return { requestId: id, row: index + 1, cells, firstPosition, imageCount: images.length };
  });
  const images = products.flatMap((seed, index) =>
    seed.images.map((image, nth) => ({
      ...image,
      requestId: id,
      row: index + 1,
      position: rows[index]!.firstPosition + nth,
      sourceUrl: image.sourceUrl ?? `https://shop.example/${index + 1}-${nth + 1}.jpg`,
    })),
  );
  const sum = (size: 'originalSize' | 'compressedSize') =>
    images.reduce((total, image) => total + (image[size] ?? 0), 0);
  await dataSource.manager.insert(ProcessingRequest, {
    ownerId: DEFAULT_OWNER,
    status: 'completed',
    options: { quality: 50, format: 'same', effort: 'balanced', maxWidth: null, maxHeight: null },
    csvColumns: {
      names: ['S. No.', 'Product Name', 'Input Image Urls'],
      serialNumber: 0,
      productName: 1,
      urls: [2],
    },
    publicUrl: 'http://public.example',
    productCount: products.length,
    imageCount: images.length,
    runImageCount: images.length,
    completedCount: images.filter(({ status }) => status === 'completed').length,
    failedCount: images.filter(({ status }) => status === 'failed').length,
    inputBytes: sum('originalSize'),
    outputBytes: sum('compressedSize'),
    ...request,
    id,
  });
  await insertAll(dataSource, Product, rows);
  await insertAll(dataSource, ProductImage, images);
  return dataSource.manager.findOneByOrFail(ProcessingRequest, { id });
}

async function insertAll<Row extends object>(
  dataSource: DataSource,
  entity: new () => Row,
  rows: QueryDeepPartialEntity<Row>[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) {
    const values = rows.slice(at, at + 1000);
    await dataSource.createQueryBuilder().insert().into(entity).values(values).updateEntity(false).execute();
  }
}

/** A product of the three classic columns; its serial number is its name's. */
export function product(name: string, images: Partial<ProductImage>[]): ProductSeed {
  return { cells: [name.replace(/\D/g, ''), name, 'the input cell'], images };
}

export function completed(key = 'request/0-output.jpg', image: Partial<ProductImage> = {}) {
  return {
    status: 'completed',
    attempts: 1,
    objectKey: key,
    keptOriginal: false,
    contentType: 'image/jpeg',
    width: 1200,
    height: 800,
    originalSize: 1000,
    compressedSize: 400,
    sha256: Buffer.alloc(32, 0xab),
    finishedAt: new Date('2026-11-20T09:30:02.000Z'),
    ...image,
  } satisfies Partial<ProductImage>;
}

export function failed(errorCode: ProductImage['errorCode'] = 'http_404', image: Partial<ProductImage> = {}) {
  return {
    status: 'failed',
    attempts: 1,
    errorCode,
    errorDetail: 'The server answered 404.',
    httpStatus: 404,
    finishedAt: new Date('2026-11-20T09:30:02.000Z'),
    ...image,
  } satisfies Partial<ProductImage>;
}

export function pending(image: Partial<ProductImage> = {}): Partial<ProductImage> {
  return { status: 'pending', ...image };
}
