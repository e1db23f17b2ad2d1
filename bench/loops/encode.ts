import sharp from 'sharp';
import { encoderFor } from '../../src/processing/encoder-options.js';
import type { OutputFormat } from '../../src/processing/image-format.js';
import type { RequestOptions } from '../../src/requests/request-options.js';

// As in the service.
sharp.concurrency(1);
sharp.cache(false);

/** One call of sharp that says what the service's says, so that both sides of a comparison do the same to the pixels. */
export function encode(
  bytes: Buffer,
  source: { format: OutputFormat; pixels: number },
  options: RequestOptions,
): Promise<Buffer> {
  const { format, settings } = encoderFor(source.format, source.pixels, options);
  const image = sharp(bytes, { autoOrient: true, failOn: 'error', limitInputPixels: 50_000_000 });
  if (format === 'jpeg') image.flatten({ background: 'white' });
  return image.timeout({ seconds: 20 }).toFormat(format, settings).toBuffer();
}

/** What is needed of a picture to choose its encoder; known before the clock starts. */
export async function sourceOf(bytes: Buffer): Promise<{ format: OutputFormat; pixels: number }> {
  const { format, width, height } = await sharp(bytes).metadata();
  return { format: format as OutputFormat, pixels: width * height };
}
