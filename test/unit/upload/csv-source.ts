import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  inspectProductCsv,
  readProducts,
  type CsvLimits,
  type CsvProduct,
} from '../../../src/upload/product-csv.js';

export const LIMITS: CsvLimits = {
  maxImages: 10_000,
  urls: { allowedPorts: [80, 443], allowPrivateAddresses: false },
};

export const CHUNK_BYTES = 65_536;

/** A file with this content, which is handed over in chunks of so many bytes. */
export function source(content: string | Buffer, chunkBytes = CHUNK_BYTES): () => Readable {
  const bytes = Buffer.from(content);
  return () => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, chunk) =>
      bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes),
    );
    return Readable.from(chunks);
  };
}

export function fixture(name: string): Buffer {
  return readFileSync(join(__dirname, '../../fixtures/csv', name));
}

export function inspect(content: string | Buffer, limits = LIMITS) {
  return inspectProductCsv(source(content), limits);
}

/** The codes of all errors, with the line and the column of each. */
export async function errorsOf(content: string | Buffer) {
  const { errors } = await inspect(content);
  return errors.map(({ code, line, column }) => ({ code, line, column }));
}

/** All products of a CSV that has no errors. */
export async function productsOf(content: string | Buffer, batchImages = 1000): Promise<CsvProduct[]> {
  const { format, errors } = await inspect(content);
  expect(errors).toEqual([]);
  const products: CsvProduct[] = [];
  for await (const batch of readProducts(source(content), format!, batchImages)) products.push(...batch);
  return products;
}
