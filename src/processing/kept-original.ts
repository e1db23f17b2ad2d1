import type { RequestOptions } from '../requests/request-options.js';
import { isAnimatedPng } from './image-format.js';
import { exceeds, uprightSize } from './output-size.js';
import type { SourceImage } from './source-image.js';

/**
 * Whether the source's bytes are the better output. They are when re-encoding made it no smaller, whatever the formats:
 * nobody asks a compressor for more bytes. Not when the source exceeds the size asked for: who sets a bound has a place
 * that a larger picture does not fit, so the resized one is the output even if it has more bytes.
 */
export function keepsOriginal(
  source: SourceImage,
  encoded: { format: string; bytes: number },
  options: RequestOptions,
): boolean {
  if (exceeds(uprightSize(source), options)) return false;
  return encoded.bytes >= source.bytes.length || losesAnimation(source, encoded.format);
}

/** libvips reads and writes still PNGs only, and movement is worth more than bytes. */
function losesAnimation(source: SourceImage, format: string): boolean {
  return source.format === 'png' && format === 'png' && isAnimatedPng(source.bytes);
}
