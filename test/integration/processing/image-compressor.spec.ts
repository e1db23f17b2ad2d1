import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseEnv } from '../../../src/config/env.js';
import { ImageCompressor } from '../../../src/processing/image-compressor.js';
import { compress, compressOptions, compressor } from '../../support/compression.js';
import {
  animation,
  photo,
  plain,
  QUARTERS,
  quarters,
  readQuarters,
  resizedHeader,
} from '../../support/pictures.js';

describe('formats', () => {
  it.each([
    ['jpeg', 'image/jpeg', 'jpg', (picture: Sharp) => picture.jpeg({ quality: 92 })],
    [
      'progressive jpeg',
      'image/jpeg',
      'jpg',
      (picture: Sharp) => picture.jpeg({ quality: 92, progressive: true }),
    ],
    ['png', 'image/png', 'png', (picture: Sharp) => picture.png()],
    ['interlaced png', 'image/png', 'png', (picture: Sharp) => picture.png({ progressive: true })],
    ['webp', 'image/webp', 'webp', (picture: Sharp) => picture.webp({ quality: 95 })],
    ['avif', 'image/avif', 'avif', (picture: Sharp) => picture.avif({ quality: 90, effort: 0 })],
    ['tiff', 'image/jpeg', 'jpg', (picture: Sharp) => picture.tiff({ compression: 'lzw' })],
  ])('`same` makes a smaller %s (%s)', async (_, contentType, extension, encode) => {
    const source = await encode(photo()).toBuffer();

    const output = await compress(source);

    expect(output).toMatchObject({ contentType, extension, width: 320, height: 240, keptOriginal: false });
    expect(output.bytes.length).toBeLessThan(source.length);
    const { mediaType } = await sharp(output.bytes).metadata();
    expect(mediaType).toBe(contentType);
  });

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)('makes %s of a TIFF when asked', async (format) => {
    const output = await compress(await photo().tiff({ compression: 'lzw' }).toBuffer(), { format });

    expect(output.contentType).toBe(`image/${format}`);
    expect((await sharp(output.bytes).metadata()).mediaType).toBe(`image/${format}`);
  });

  it('takes the first page of a TIFF with several', async () => {
    const pages = await Promise.all(
      [QUARTERS, QUARTERS.toReversed()].map((order) => quarters(64, 64, order).png().toBuffer()),
    );
    const source = await sharp(pages, { join: { animated: true } })
      .tiff({ compression: 'none' })
      .toBuffer();
    expect((await sharp(source).metadata()).pages).toBe(2);

    const output = await compress(source);

    expect(output).toMatchObject({ width: 64, height: 64, contentType: 'image/jpeg' });
    expect(await readQuarters(output.bytes)).toEqual(QUARTERS);
    expect(await compressor.open(source, compressOptions())).toMatchObject({ pages: 1, pixels: 64 * 64 });
  });

  it('writes a PNG with a palette, and without one at quality 100', async () => {
    const source = await photo().png({ compressionLevel: 0 }).toBuffer();

    const lossy = await compress(source);
    const lossless = await compress(source, { quality: 100 });

    expect((await sharp(lossy.bytes).metadata()).isPalette).toBe(true);
    expect(await samePixels(lossless.bytes, source)).toBe(true);
    expect(lossy.bytes.length).toBeLessThan(lossless.bytes.length / 2);
  });

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)(
    'needs fewer bytes at a lower quality: %s',
    async (format) => {
      const source = await photo().tiff({ compression: 'lzw' }).toBuffer();

      const [low, high] = await Promise.all([20, 80].map((quality) => compress(source, { quality, format })));

      expect(low!.bytes.length).toBeLessThan(high!.bytes.length);
    },
  );

  it('needs fewer bytes with more effort for a JPEG', async () => {
    const source = await photoJpeg(640, 480);

    const [fast, balanced, small] = await Promise.all(
      (['fast', 'balanced', 'small'] as const).map((effort) => compress(source, { effort })),
    );

    expect(balanced!.bytes.length).toBeLessThan(fast!.bytes.length);
    expect(small!.bytes.length).toBeLessThan(balanced!.bytes.length);
    // Huffman tables are no loss: the pixels of both are the same.
    expect(await samePixels(fast!.bytes, balanced!.bytes)).toBe(true);
  });
});

describe('size', () => {
  it.each([
    [{ maxWidth: 160 }, 160, 120],
    [{ maxHeight: 60 }, 80, 60],
    [{ maxWidth: 100, maxHeight: 30 }, 40, 30],
    [{ maxWidth: 4000, maxHeight: 3000 }, 320, 240],
    [{ maxWidth: 1 }, 1, 1],
  ])('within %j is %i × %i', async (bounds, width, height) => {
    const output = await compress(await photoJpeg(), bounds);

    expect(output).toMatchObject({ width, height, keptOriginal: false });
    expect(await sharp(output.bytes).metadata()).toMatchObject({ width, height });
  });

  it.each([1, 2, 3])('takes pictures of %i pixel', async (side) => {
    for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
      const source = await plain(side, side, [10, 20, 30]).tiff().toBuffer();
      expect(await compress(source, { format })).toMatchObject({ width: side, height: side });
    }
  });

  it('tells which side is too long for the format, and how to help it', async () => {
    const source = await plain(1, 65_500, [10, 20, 30]).png().toBuffer();

    await expect(compressor.open(source, compressOptions({ format: 'webp' }))).rejects.toMatchObject({
      code: 'encode_failed',
      message:
        'The image would be 1 × 65500 pixels, and WebP takes at most 16383 a side: set max_width or max_height.',
    });
    expect(await compress(source, { format: 'webp', maxHeight: 1000 })).toMatchObject({
      width: 1,
      height: 1000,
    });
  });
});

describe('the source is kept', () => {
  it('when the output would not be smaller', async () => {
    const source = await photo().jpeg({ quality: 20 }).toBuffer();

    expect(await compress(source)).toEqual({
      bytes: source,
      contentType: 'image/jpeg',
      extension: 'jpg',
      width: 320,
      height: 240,
      keptOriginal: true,
    });
  });

  it('when another format would not be smaller either, as what it is', async () => {
    const source = await photo().webp({ quality: 10 }).toBuffer();

    expect(await compress(source, { format: 'png' })).toMatchObject({
      keptOriginal: true,
      contentType: 'image/webp',
      extension: 'webp',
    });
  });

  it('not when it exceeds the size asked for, even if the output has more bytes', async () => {
    const source = await photo().jpeg({ quality: 5 }).toBuffer();

    const output = await compress(source, { quality: 100, maxWidth: 310 });

    expect(output).toMatchObject({ width: 310, keptOriginal: false });
    expect(output.bytes.length).toBeGreaterThan(source.length);
  });

  it('not when it is damaged', async () => {
    const source = (await photo().jpeg({ quality: 5 }).toBuffer()).subarray(0, -400);

    await expect(compress(source)).rejects.toMatchObject({ code: 'corrupt_image' });
  });
});

it('strips all metadata', async () => {
  const source = await photo()
    .withExif({
      IFD0: { Copyright: 'Somebody' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    .withIccProfile('srgb')
    .png({ compressionLevel: 0 })
    .toBuffer();
  expect(source.includes('Somebody')).toBe(true);

  for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
    const { bytes } = await compress(source, { format });
    const { exif, xmp, icc, iptc } = await sharp(bytes).metadata();
    expect([exif, xmp, icc, iptc].filter(Boolean)).toHaveLength(0);
    expect(bytes.includes('Somebody')).toBe(false);
  }
});

describe('limits', () => {
  it('counts the pixels that the header tells, before any is decoded', async () => {
    const source = resizedHeader(await photo(40, 40).png().toBuffer(), 40_000, 40_000);

    await expect(compressor.open(source, compressOptions())).rejects.toMatchObject({
      code: 'too_many_pixels',
      message: 'The image has 1600000000 pixels; at most 50000000 are allowed.',
    });
  });

  it.each(['gif', 'webp'] as const)('counts the pixels of all frames of a %s', async (format) => {
    const source = await animation(format, { delays: [100, 100, 100] });
    const open = (pixels: number) =>
      new ImageCompressor(parseEnv({ MAX_IMAGE_PIXELS: String(pixels) })).open(source, compressOptions());

    await expect(open(3 * 120 * 80 - 1)).rejects.toMatchObject({ code: 'too_many_pixels' });
    expect(await open(3 * 120 * 80)).toMatchObject({
      width: 120,
      height: 80,
      pages: 3,
      pixels: 3 * 120 * 80,
    });
  });

  it('opens nothing but the six formats, and those from memory only', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'halftone-'));
    const file = join(directory, 'photo.jpg');
    await writeFile(file, await photo(8, 8).jpeg().toBuffer());
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const ppm = Buffer.from('P6\n1 1\n255\nabc');

    for (const input of [svg, ppm, file]) {
      await expect(sharp(input).metadata()).rejects.toThrow('contains unsupported image format');
    }
    await rm(directory, { recursive: true });
  });

  it('leaves the threads and the memory of libvips to the service', () => {
    expect(sharp.concurrency()).toBe(1);
    expect(sharp.cache().memory.max).toBe(0);
  });
});

async function samePixels(a: Buffer, b: Buffer): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((bytes) => sharp(bytes).raw().toBuffer()));
  return one!.equals(other!);
}

function photoJpeg(width?: number, height?: number): Promise<Buffer> {
  return photo(width, height).jpeg({ quality: 92 }).toBuffer();
}
