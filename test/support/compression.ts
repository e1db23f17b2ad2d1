import { parseEnv } from '../../src/config/env.js';
import {
  ImageCompressor,
  type CompressedImage,
  type CompressOptions,
} from '../../src/processing/image-compressor.js';

export const compressor = new ImageCompressor(parseEnv({}));

/** A request's options as they are when nothing was asked for, with the changes. */
export function compressOptions(changes: Partial<CompressOptions> = {}): CompressOptions {
  return { quality: 50, format: 'same', effort: 'balanced', maxWidth: null, maxHeight: null, ...changes };
}

/** Opens and compresses as the pipeline does. */
export async function compress(
  bytes: Buffer,
  changes: Partial<CompressOptions> = {},
  by = compressor,
): Promise<CompressedImage> {
  const options = compressOptions(changes);
  return by.compress(await by.open(bytes, options), options);
}
