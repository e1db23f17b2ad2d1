import { Readable } from 'node:stream';
import type { Random } from '../faults/random.js';
import {
  inspectProductCsv,
  NotText,
  readProducts,
  TooManyImages,
  type CsvLimits,
  type CsvReport,
} from '../src/upload/product-csv.js';

export const LIMITS: CsvLimits = {
  maxImages: 2000,
  urls: { allowedPorts: [80, 443], allowPrivateAddresses: false },
};
const BATCH_IMAGES = 40;

/** What PostgreSQL refuses in a text or in JSON: NUL, and half a surrogate pair. */
const NOT_STORABLE = /[\0\p{Cs}]/u;

/** A file that is handed over in chunks of these sizes, over and over; it counts what is taken from it. */
export class CountedFile {
  bytesRead = 0;
  private readonly streams: Readable[] = [];

  constructor(
    private readonly bytes: Buffer,
    private readonly chunkSizes: number[] = [65_536],
  ) {}

  readonly open = (): Readable => {
    const stream = Readable.from(this.chunks());
    this.streams.push(stream);
    return stream;
  };

  get isClosed(): boolean {
    return this.streams.every((stream) => stream.destroyed);
  }

  private *chunks(): Generator<Buffer> {
    let at = 0;
    for (let nth = 0; at < this.bytes.length; nth++) {
      const chunk = this.bytes.subarray(at, at + this.chunkSizes[nth % this.chunkSizes.length]!);
      at += chunk.length;
      this.bytesRead += chunk.length;
      yield chunk;
    }
  }
}

/** Reads bytes as an upload does, both passes. Gives how that ended; throws an Error when it is not as it must be. */
export async function readAsUpload(bytes: Buffer, random: Random): Promise<string> {
  const chunkSizes = Array.from({ length: random.integer(1, 4) }, () =>
    random.pick([1, 2, 3, 7, 100, 65_536]),
  );
  // A large file in single bytes would only test the patience of whoever waits.
  const file = new CountedFile(bytes, bytes.length < 20_000 ? chunkSizes : [random.integer(500, 70_000)]);
  const outcome = await readBothPasses(file);
  if (!file.isClosed) throw new Error('a stream was left open');
  // The beginning, a strict reading, a lenient one, and the second pass.
  if (file.bytesRead > 4 * bytes.length + 65_536) throw new Error(`${file.bytesRead} bytes were read`);
  return outcome;
}

async function readBothPasses({ open }: CountedFile): Promise<string> {
  let report: CsvReport;
  try {
    report = await inspectProductCsv(open, LIMITS);
  } catch (error) {
    // The two that an upload answers with a 415 and a 413.
    if (error instanceof NotText) return 'not text';
    if (error instanceof TooManyImages) return 'too many images';
    throw error;
  }
  expectTold(report);
  if (report.errorCount > 0) return report.errors[0]!.code;
  await expectProducts(open, report);
  return 'accepted';
}

/** What callers are told is short, printable, and as much as was counted. */
function expectTold({ errors, errorCount, warnings, productCount, imageCount }: CsvReport): void {
  if (errors.length !== Math.min(100, errorCount))
    throw new Error(`${errors.length} of ${errorCount} errors told`);
  if (warnings.length > 100) throw new Error(`${warnings.length} warnings`);
  if (errorCount === 0 && (productCount === 0 || imageCount < productCount)) throw new Error('nothing to do');
  const told = [...errors, ...warnings];
  if (told.some(({ line }) => line !== null && line < 1)) throw new Error('no such line');
  const texts = told.flatMap((one) => Object.values(one).filter((value) => typeof value === 'string'));
  if (texts.some((text) => NOT_STORABLE.test(text))) throw new Error('told what cannot be printed');
  const longest = Math.max(0, ...texts.map((text) => text.length));
  if (longest > 500) throw new Error(`told a text of ${longest} characters`);
}

/** The second pass finds what the first has counted, and nothing that could not be stored. */
async function expectProducts(open: () => Readable, { format, ...report }: CsvReport): Promise<void> {
  const { names } = format!.columns;
  let row = 0;
  let images = 0;
  for await (const batch of readProducts(open, format!, BATCH_IMAGES)) {
    const batchImages = batch.reduce((sum, { urls }) => sum + urls.length, 0);
    if (batchImages > BATCH_IMAGES && batch.length > 1) throw new Error(`a batch of ${batchImages} images`);
    images += batchImages;
    for (const product of batch) {
      if (product.row !== ++row) throw new Error(`row ${product.row} came as number ${row}`);
      if (product.cells.length > names.length) throw new Error(`row ${row} has cells beyond the header`);
      const texts = [product.serialNumber, product.productName, ...product.cells, ...product.urls];
      if (texts.some((text) => NOT_STORABLE.test(text))) throw new Error(`row ${row} cannot be stored`);
    }
  }
  if (names.some((name) => NOT_STORABLE.test(name))) throw new Error('the header cannot be stored');
  if (row !== report.productCount || images !== report.imageCount) {
    throw new Error(`${row} products, ${images} images; the report had ${JSON.stringify(report)}`);
  }
}
