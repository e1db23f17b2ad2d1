import type { Sharp } from 'sharp';
import { parseEnv } from '../../../src/config/env.js';
import { ImageCompressor } from '../../../src/processing/image-compressor.js';
import { compress, compressOptions, compressor } from '../../support/compression.js';
import { grain, photo, plain } from '../../support/pictures.js';

describe('faults', () => {
  it.each([
    ['JPEG', (picture: Sharp) => picture.jpeg()],
    ['progressive JPEG', (picture: Sharp) => picture.jpeg({ progressive: true })],
    ['PNG', (picture: Sharp) => picture.png()],
    ['WebP', (picture: Sharp) => picture.webp()],
    ['AVIF', (picture: Sharp) => picture.avif({ effort: 0 })],
    ['TIFF', (picture: Sharp) => picture.tiff()],
  ])('half a %s is a corrupt_image', async (_, encode) => {
    const source = await encode(photo()).toBuffer();

    await expect(compress(half(source))).rejects.toMatchObject({
      code: 'corrupt_image',
      transient: false,
      message: 'The image is damaged or cut short and cannot be decoded.',
    });
  });

  it('tells the cause to the log only', async () => {
    const error = await compress(half(await photoJpeg())).catch((caught: Error) => caught);

    expect(error).toMatchObject({ cause: { message: expect.stringContaining('VipsJpeg') } });
    expect((error as Error).message).not.toMatch(/vips/i);
  });

  it('a PNG whose checksum is wrong is a corrupt_image', async () => {
    const source = await photo().png().toBuffer();
    source[source.length - 13]! ^= 1;

    await expect(compress(source)).rejects.toMatchObject({ code: 'corrupt_image' });
  });

  it.each([
    ['bytes after the end', (jpeg: Buffer) => Buffer.concat([jpeg, Buffer.from('<script>')])],
    [
      'stray bytes between segments',
      (jpeg: Buffer) => insert(jpeg, jpeg.indexOf('\xff\xc4', 0, 'latin1'), [1, 2, 3]),
    ],
    ['an impossible density', (jpeg: Buffer) => Buffer.from(jpeg.fill(9, 13, 14))],
  ])('takes a JPEG with %s', async (_, spoil) => {
    const output = await compress(spoil(await photoJpeg()));

    expect(output.keptOriginal).toBe(false);
    expect(output.bytes.includes('<script>')).toBe(false);
  });

  it.each([
    ['a page', '<!DOCTYPE html><html><body><svg></svg></body></html>'],
    ['text', 'BM is not enough for a bitmap'],
    ['JSON', '{"error": "not found"}'],
    ['a byte', '\xff'],
    ['nothing', ''],
  ])('%s is not_an_image', async (_, text) => {
    await expect(compressor.open(Buffer.from(text, 'latin1'), compressOptions())).rejects.toMatchObject({
      code: 'not_an_image',
    });
  });

  it('a picture with six channels is an unsupported_format', async () => {
    const planes = await Promise.all(
      [1, 2, 3].map((grey) => plain(8, 8, [grey, grey, grey]).extractChannel(0).png().toBuffer()),
    );
    const source = await plain(8, 8, [1, 2, 3]).joinChannel(planes).tiff({ compression: 'none' }).toBuffer();

    await expect(compressor.open(source, compressOptions())).rejects.toMatchObject({
      code: 'unsupported_format',
    });
  });

  it('names the kind it does not open', async () => {
    const svg = Buffer.from('<?xml version="1.0"?><!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"/>');

    await expect(compressor.open(svg, compressOptions())).rejects.toMatchObject({
      code: 'unsupported_format',
      message: 'SVG images are not supported.',
    });
  });

  it('what takes too long is a decode_timeout', async () => {
    class Impatient extends ImageCompressor {
      protected override readonly timeLimitSeconds = 1;
    }
    const source = await grain(4000, 3000).tiff({ compression: 'none' }).toBuffer();

    // Left alone it takes ten.
    await expect(
      compress(source, { format: 'png', quality: 100 }, new Impatient(parseEnv({}))),
    ).rejects.toMatchObject({ code: 'decode_timeout', transient: false });
  }, 30_000);
});

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length / 2);
}

function insert(bytes: Buffer, at: number, inserted: number[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at)]);
}

function photoJpeg(width?: number, height?: number): Promise<Buffer> {
  return photo(width, height).jpeg({ quality: 92 }).toBuffer();
}
