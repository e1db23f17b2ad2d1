import { ImageError } from './image-error.js';

// Lossless, arithmetic and 12-bit JPEG, old compressions of TIFF, and 10 bits a sample: rare, but whole.
const OTHER_PIXELS =
  /Unsupported JPEG (?:data precision|process)|is not configured|whole number of bytes|samples out of range/;

/** What the caller is told when sharp throws. Its own text, which speaks of libvips and its functions, stays in `cause`. */
export function codecError(cause: unknown): ImageError {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (text.includes('timeout:')) {
    return new ImageError('decode_timeout', 'The image took too long to decode.', { cause });
  }
  if (text.includes('exceeds channel limit')) {
    return new ImageError(
      'unsupported_format',
      'Images with more than five colour channels are not supported.',
      { cause },
    );
  }
  if (OTHER_PIXELS.test(text)) {
    return new ImageError(
      'unsupported_format',
      'The image stores its pixels in a way that is not supported.',
      { cause },
    );
  }
  // libvips names its encoders jpegsave, webpsave, heifsave and so on.
  if (/save|too large for the/.test(text)) {
    return new ImageError(
      'encode_failed',
      'The image was read but could not be written in the format asked for.',
      { cause },
    );
  }
  return new ImageError('corrupt_image', 'The image is damaged or cut short and cannot be decoded.', {
    cause,
  });
}
