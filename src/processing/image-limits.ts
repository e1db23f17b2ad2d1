import { ImageError } from './image-error.js';
import { FORMATS } from './image-format.js';
import type { OutputPlan } from './output-plan.js';
import { uprightSize } from './output-size.js';
import type { SourceImage } from './source-image.js';

/** Throws `too_many_pixels` when all frames together have more than `maxPixels`. */
export function refuseTooManyPixels({ pixels, pages }: SourceImage, maxPixels: number): void {
  if (pixels <= maxPixels) return;
  const frames = pages > 1 ? ` in ${pages} frames` : '';
  throw new ImageError(
    'too_many_pixels',
    `The image has ${pixels} pixels${frames}; at most ${maxPixels} are allowed.`,
  );
}

/** Throws `encode_failed` when the output would be longer than its format can be: better before the decoding than after it. */
export function refuseTooLongSides({ encoder, size: { width, height } }: OutputPlan): void {
  const { name, maxSide } = FORMATS[encoder.format];
  if (Math.max(width, height) <= maxSide) return;
  throw new ImageError(
    'encode_failed',
    `The image would be ${width} × ${height} pixels, and ${name} takes at most ${maxSide} a side: set max_width or max_height.`,
  );
}

/** The most by which libvips makes a side smaller. */
const MAX_SHRINK = 1_000_000;

/** Throws `encode_failed` when a side would become more than a million times shorter: libvips would only say that it cannot. */
export function refuseTooMuchShrinking(source: SourceImage, { size }: OutputPlan): void {
  const { width, height } = uprightSize(source);
  if (Math.max(width / size.width, height / size.height) <= MAX_SHRINK) return;
  throw new ImageError(
    'encode_failed',
    `The image of ${width} × ${height} pixels cannot be made as small as ${size.width} × ${size.height}.`,
  );
}
