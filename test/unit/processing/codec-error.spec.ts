import { codecError } from '../../../src/processing/codec-error.js';

// The texts are those of sharp 0.35.5 and libvips 8.18.
it.each([
  [
    'decode_timeout',
    'timeout: 43% complete\nVipsImage: killed for image "temp-51"\nvips2png: unable to write to target',
  ],
  ['decode_timeout', 'timeout: 100% complete\nwebpsave: unable to encode'],
  ['unsupported_format', 'Input image exceeds channel limit'],
  ['unsupported_format', 'VipsJpeg: Unsupported JPEG data precision 12'],
  ['unsupported_format', 'VipsJpeg: Unsupported JPEG process: SOF type 0xcb'],
  ['unsupported_format', 'tiff2vips: Old-style JPEG compression support is not configured'],
  [
    'unsupported_format',
    'Input buffer has corrupt header: tiff2vips: samples_per_pixel not a whole number of bytes',
  ],
  ['encode_failed', 'Processed image is too large for the WebP format'],
  ['encode_failed', 'webpsave: unable to encode'],
  ['encode_failed', 'heifsave: Unsupported feature'],
  ['corrupt_image', 'VipsJpeg: premature end of JPEG image'],
  ['corrupt_image', 'Input buffer has corrupt header: webp: unable to parse image'],
  ['corrupt_image', 'Input buffer contains unsupported image format'],
  ['corrupt_image', 'tiff2vips: Using code not yet in table'],
])('%s: %j', (code, text) => {
  const cause = new Error(text);

  const error = codecError(cause);

  expect(error).toMatchObject({ code, cause, transient: false });
  expect(error.message).not.toMatch(/vips|sharp|buffer/i);
});
