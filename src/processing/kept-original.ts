import type { RequestOptions } from '../requests/request-options.js';
import { exceeds, uprightSize } from './output-size.js';
import { isAnimatedPng } from './png-frames.js';
import type { SourceImage } from './source-image.js';
import { stripMetadata } from './strip-metadata.js';

/** What an image became. */
interface Encoded {
  bytes: number;
  format: string;
  animated: boolean;
}

/**
 * The source's own pixels, when they are the better output. They are when re-encoding made them no smaller, whatever the
 * formats: nobody asks a compressor for more bytes. Not when the source exceeds the size asked for: who sets a bound has a
 * place that a larger picture does not fit, so the resized one is the output even if it has more bytes.
 */
export function keptOriginal(
  source: SourceImage,
  encoded: Encoded,
  options: RequestOptions,
): Buffer | undefined {
  if (exceeds(uprightSize(source), options)) return undefined;
  if (source.format === 'png' && isAnimatedPng(source.bytes)) {
    // libvips reads and writes still PNGs only, and movement is worth more than bytes.
    return encoded.format === 'png' ? stripMetadata(source) : undefined;
  }
  // Of a moving source only the first frame was decoded: nobody knows whether the others are whole.
  if (source.pages > 1 && !encoded.animated) return undefined;
  return stripMetadata(source, encoded.bytes);
}
