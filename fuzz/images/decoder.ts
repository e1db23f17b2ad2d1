// A process of its own: what crashes here is counted by the campaign, which goes on with another one.
import { isDeepStrictEqual } from 'node:util';
import sharp, { type Metadata } from 'sharp';
import { parseEnv } from '../../src/config/env.js';
import {
  ImageCompressor,
  type CompressedImage,
  type CompressOptions,
  type OpenedImage,
} from '../../src/processing/image-compressor.js';
import { ImageError } from '../../src/processing/image-error.js';
import { planOutput } from '../../src/processing/output-plan.js';
import { stripMetadata } from '../../src/processing/strip-metadata.js';
import type { ImageErrorCode } from '../../src/requests/image-error-codes.js';

export interface Task {
  bytes: Buffer;
  options: CompressOptions;
}

/** `wrong`: it did not end as an image must. Memory is the process's, in bytes. */
export type Answer = { outcome: string; wrong?: string } | { memory: number };

// Fifty megapixels in each of a few hundred bytes would take seconds, and fuzzing lives of many inputs.
const compressor = new ImageCompressor(parseEnv({ MAX_IMAGE_PIXELS: '2000000' }));

/** What an image's own bytes can lead to. */
const CODES = new Set<ImageErrorCode>([
  'not_an_image',
  'unsupported_format',
  'too_many_pixels',
  'corrupt_image',
  'decode_timeout',
  'encode_failed',
]);

/** What stripping is for; a PNG's background is not shown by anybody. The orientation may be told or not when it is upright. */
const METADATA_FIELDS = new Set<keyof Metadata>([
  'size',
  'exif',
  'xmp',
  'xmpAsString',
  'iptc',
  'comments',
  'background',
  'orientation',
]);

/** Bytes of EXIF that tells the orientation and nothing else, with the `Exif` that sharp puts before it. */
const EXIF_OF_ORIENTATION = 32;

async function attempt({ bytes, options }: Task): Promise<Answer> {
  const source = Buffer.from(bytes); // of a message it is a Uint8Array
  try {
    const opened = await compressor.open(source, options);
    const output = await compressor.compress(opened, options);
    const wrong = await faultOf(opened, output, options).catch(
      (error: unknown) => `the output does not decode: ${(error as Error).message}`,
    );
    return { outcome: output.keptOriginal ? 'kept original' : 'completed', wrong };
  } catch (error) {
    if (!(error instanceof ImageError)) return { outcome: 'exception', wrong: (error as Error).stack };
    const { code, message, detail } = error;
    if (CODES.has(code)) return { outcome: code };
    return { outcome: code, wrong: `${message} (${(detail.cause as Error | undefined)?.message})` };
  }
}

/** What is wrong with an output; throws when it does not decode. */
async function faultOf(
  source: OpenedImage,
  output: CompressedImage,
  options: CompressOptions,
): Promise<string | undefined> {
  const { autoOrient, mediaType } = await sharp(output.bytes).metadata();
  const { size, animated } = planOutput(source, options);
  const said = `${output.width}×${output.height} ${output.contentType}`;
  const found = `${autoOrient.width}×${autoOrient.height} ${mediaType}`;
  if (said !== found) return `said ${said}, found ${found}`;
  // libjpeg makes a picture smaller by eighths while it reads it, and is a pixel off.
  if (Math.abs(size.width - output.width) > 1 || Math.abs(size.height - output.height) > 1) {
    return `planned ${size.width}×${size.height}, got ${said}`;
  }
  await pixelsOf(output.bytes);
  return source.pages === 1 || animated ? faultOfStripping(source) : undefined;
}

/** Whether the original could be kept: that is seldom, and what makes it so should be tried often. */
async function faultOfStripping(source: OpenedImage): Promise<string | undefined> {
  const stripped = stripMetadata(source);
  if (!stripped) return undefined;
  const [before, after] = await Promise.all([source.bytes, stripped].map((bytes) => sharp(bytes).metadata()));
  const { orientation = 1, exif, xmp, iptc } = after!;
  if (xmp || iptc || (exif?.length ?? 0) > EXIF_OF_ORIENTATION) return 'stripped: metadata are kept';
  if (orientation !== source.orientation) return `stripped: orientation ${orientation}`;
  const other = headerFields(before!, after!).find(
    (field) => !isDeepStrictEqual(before![field], after![field]),
  );
  if (other) return `stripped: other ${other}`;
  const same = (await pixelsOf(stripped)).equals(await pixelsOf(source.bytes));
  return same ? undefined : 'stripped: other pixels';
}

/** All that must be as it was. The resolution may have stood in EXIF. */
function headerFields(before: Metadata, after: Metadata): (keyof Metadata)[] {
  const fields = Object.keys({ ...before, ...after }) as (keyof Metadata)[];
  const moved = new Set<keyof Metadata>(before.exif ? ['density', 'resolutionUnit'] : []);
  return fields.filter((field) => !METADATA_FIELDS.has(field) && !moved.has(field));
}

function pixelsOf(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes, { animated: true, failOn: 'error' }).raw().toBuffer();
}

async function memoryNow(): Promise<Answer> {
  globalThis.gc?.();
  return { memory: process.memoryUsage.rss() };
}

process.on('message', (message: Task | 'memory') => {
  void (message === 'memory' ? memoryNow() : attempt(message)).then((answer) => process.send!(answer));
});
process.once('disconnect', () => process.exit());
