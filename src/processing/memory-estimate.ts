import type { SourceFormat } from './image-format.js';
import type { OutputPlan } from './output-plan.js';
import type { SourceImage } from './source-image.js';

const FIXED_BYTES = 8 * 1024 ** 2;

// Bytes per pixel, as the growth of a fresh process's peak RSS with pictures of 12 MP (sharp 0.35.5, one thread), rounded up.
// Baseline JPEG and PNG stream through, GIF holds a frame, WebP and AVIF are decoded whole, TIFF depends on its strips.
const DECODED: Record<SourceFormat, number> = { jpeg: 0.3, png: 0.7, gif: 5, tiff: 4, webp: 8.5, avif: 18 };

// The frame before, the canvas, and what the encoder makes of them.
const ANIMATED = 35;

/** Bytes that compressing the image will hold at most, beside the source's; for a limit on all that is in flight. */
export function estimateMemory(source: SourceImage, plan: OutputPlan): number {
  const channels = source.hasAlpha ? 4 : 3;
  const frame = source.width * source.height;
  const output = plan.size.width * plan.size.height;
  // An animated GIF is decoded frame by frame, an animated WebP as one.
  const decoded = plan.animated && source.format === 'webp' ? source.pixels : frame;
  const perDecoded = DECODED[source.format] + (source.interlaced ? heldWhole(source, channels) : 0);
  const perOutput = encodedBytesPerPixel(plan, source.hasAlpha) + (source.orientation > 1 ? channels : 0);
  return Math.ceil(FIXED_BYTES + decoded * perDecoded + output * perOutput);
}

/** Of a progressive JPEG the coefficients, two bytes for each: half as many where the colours are coarse. Of a PNG the pixels. */
function heldWhole({ format, fullChroma }: SourceImage, channels: number): number {
  return format === 'jpeg' && fullChroma ? 2 * channels : channels;
}

function encodedBytesPerPixel({ encoder, animated }: OutputPlan, hasAlpha: boolean): number {
  if (animated) return ANIMATED;
  switch (encoder.format) {
    case 'jpeg':
      if (!encoder.settings.optimiseCoding && !encoder.settings.mozjpeg) return 0.3;
      return encoder.settings.chromaSubsampling === '4:4:4' ? 12.5 : 6.5;
    case 'png':
      return encoder.settings.palette ? 7.5 : 3;
    case 'webp':
      return hasAlpha ? 15 : 5.5;
    case 'avif':
      return hasAlpha || encoder.settings.chromaSubsampling === '4:4:4' ? 34 : 21;
    case 'gif':
      return 16;
  }
}
