import { ImageError } from './image-error.js';

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
