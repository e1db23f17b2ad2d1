import type { RequestOptions } from '../requests/request-options.js';
import { encoderFor, type Encoder } from './encoder-options.js';
import type { OutputFormat, SourceFormat } from './image-format.js';
import { fitWithin, uprightSize, type Size } from './output-size.js';
import type { SourceImage } from './source-image.js';

/** What an image will become. */
export interface OutputPlan {
  encoder: Encoder;
  /** Upright, of one frame. */
  size: Size;
  /** All frames are kept; JPEG, PNG and AVIF take the first one. */
  animated: boolean;
}

export function planOutput(source: SourceImage, options: RequestOptions): OutputPlan {
  const size = fitWithin(uprightSize(source), options);
  const format = outputFormat(source.format, options.format);
  const encoder = encoderFor(format, size.width * size.height, options);
  return { encoder, size, animated: source.pages > 1 && (format === 'gif' || format === 'webp') };
}

function outputFormat(source: SourceFormat, wanted: RequestOptions['format']): OutputFormat {
  if (wanted !== 'same') return wanted;
  // No browser shows TIFF.
  return source === 'tiff' ? 'jpeg' : source;
}
