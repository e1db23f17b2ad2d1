import type { SourceImage } from './source-image.js';
import { stripAvif } from './strip-avif.js';
import { stripGif } from './strip-gif.js';
import { stripJpeg } from './strip-jpeg.js';
import { stripPng } from './strip-png.js';
import { stripWebp } from './strip-webp.js';
import { NOT_STRIPPED, StrippedBytes } from './stripped-bytes.js';

/**
 * The source's own pixels and colours, and whatever else it held is gone: the place where it was taken, and what a stranger hid
 * in it or after its end. For an image that was decoded. What we take for pixels must be what was decoded, and what every
 * viewer decodes: so only the plainest grammar of each format is accepted, and all else is undefined, as is what would have
 * more bytes than `atMost`.
 */
export function stripMetadata(source: SourceImage, atMost = Infinity): Buffer | undefined {
  try {
    return strip(source, new StrippedBytes(source.bytes, atMost));
  } catch (error) {
    if (error === NOT_STRIPPED) return undefined;
    throw error;
  }
}

function strip({ bytes, format, orientation, hasAlpha }: SourceImage, kept: StrippedBytes): Buffer {
  switch (format) {
    case 'jpeg':
      return stripJpeg(bytes, orientation, kept);
    case 'png':
      return stripPng(bytes, orientation, kept);
    case 'webp':
      return stripWebp(bytes, orientation, kept);
    case 'gif':
      return stripGif(bytes, kept);
    case 'avif':
      return stripAvif(bytes, hasAlpha, kept);
    case 'tiff':
      // Anything may stand anywhere in it. And no browser shows it.
      throw NOT_STRIPPED;
  }
}
