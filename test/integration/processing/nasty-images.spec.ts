import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { compress } from '../../support/compression.js';
import { pngChunk } from '../../../fuzz/images/parts.js';
import {
  centreColour,
  paint,
  photo,
  plain,
  quarters,
  QUARTERS,
  readQuarters,
  withJpegSegments,
  withPngChunks,
  type Quarter,
} from '../../support/pictures.js';

const MIB = 1024 ** 2;

/** Images, and where more of their parts may stand. */
const PLACES = {
  JPEG: async (): Promise<[Buffer, number]> => [await photo().jpeg().toBuffer(), 2],
  GIF: async (): Promise<[Buffer, number]> => {
    const image = await photo().gif().toBuffer();
    return [image, 13 + 3 * 2 ** ((image[10]! & 7) + 1)];
  },
  PNG: async (): Promise<[Buffer, number]> => {
    const image = await photo().png().toBuffer();
    return [image, image.indexOf('IDAT') - 4];
  },
};

describe('metadata without measure', () => {
  const EXIF = Buffer.concat([Buffer.from('Exif\0\0II*\0\x08\0\0\0'), Buffer.alloc(65_000)]);
  const XMP = Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), Buffer.alloc(65_000, 0x20)]);

  it.each([
    ['EXIF', 0xe1, EXIF],
    ['XMP', 0xe1, XMP],
    ['comments', 0xfe, Buffer.alloc(65_000, 0x20)],
  ])('10 MB of %s in a JPEG are gone', async (_, marker, content) => {
    const image = await photo().jpeg().toBuffer();
    const segments = Array.from({ length: 160 }, (): [number, Buffer] => [marker, content]);
    const source = withJpegSegments(image, segments);
    expect(source.length).toBeGreaterThan(10_000_000);

    for (const quality of [50, 100]) {
      const output = await compress(source, { quality });
      expect(output).toMatchObject({ width: 320, height: 240 });
      expect(output.bytes.length).toBeLessThanOrEqual(image.length);
    }
  });

  it('a million empty segments and chunks', async () => {
    const nothing = Buffer.alloc(0);
    const segments = Array.from({ length: 1_000_000 }, (): [number, Buffer] => [0xfe, nothing]);
    const chunks = Array<Buffer>(1_000_000).fill(pngChunk('tEXt', Buffer.from('k\0')));
    const [jpeg, png] = await Promise.all([photo().jpeg().toBuffer(), photo().png().toBuffer()]);

    expect(await compress(withJpegSegments(jpeg, segments))).toMatchObject({ width: 320 });
    expect(await compress(withPngChunks(png, chunks))).toMatchObject({ width: 320 });
  });

  it.each([
    ['JPEG', 'DNL', '\xff\xdc\0\x02'],
    ['JPEG', 'DQT', '\xff\xdb\0\x02'],
    ['JPEG', 'DRI', '\xff\xdd\0\x04\0\0'],
    ['GIF', 'graphic control', '\x21\xf9\x04\0\0\0\0\0'],
    ['PNG', 'IDAT', pngChunk('IDAT', Buffer.alloc(0)).toString('latin1')],
    ['PNG', 'fdAT', pngChunk('fdAT', Buffer.alloc(0)).toString('latin1')],
  ] as const)('30 MiB of %s in parts of nothing but %s take no memory', async (kind, _, part) => {
    const [image, at] = await PLACES[kind]();
    const parts = Buffer.alloc(Math.floor((30 * MIB) / part.length) * part.length, part, 'latin1');
    const source = Buffer.concat([image.subarray(0, at), parts, image.subarray(at)]);

    const { output, growth } = await growthOf(() => compress(source, { quality: 100 }));

    expect(output).toMatchObject({ width: 320, height: 240, keptOriginal: false });
    expect(growth).toBeLessThan(100 * MIB);
  });

  // Zeros, in as many bytes as a photograph.
  const BOMB = deflateSync(Buffer.alloc(256 * MIB));

  it.each([
    ['zTXt', 'Comment\0\0'],
    ['zTXt', 'Raw profile type exif\0\0'],
    ['iTXt', 'XML:com.adobe.xmp\0\x01\0\0\0'],
    ['iCCP', 'profile\0\0'],
  ])('a %s of 256 MiB (%j) takes no memory', async (type, head) => {
    const chunk = pngChunk(type, Buffer.concat([Buffer.from(head, 'latin1'), BOMB]));
    const source = withPngChunks(await photo().png().toBuffer(), [chunk]);

    const { output, growth } = await growthOf(() => compress(source));

    expect(output).toMatchObject({ width: 320, height: 240, contentType: 'image/png' });
    expect(growth).toBeLessThan(64 * MIB);
  });

  it('pixels of 256 MiB in a small PNG take no memory', async () => {
    const png = await photo().png().toBuffer();
    const source = Buffer.concat([png.subarray(0, 33), pngChunk('IDAT', BOMB), png.subarray(-12)]);

    const { output, growth } = await growthOf(() => compress(source));

    expect(output).toMatchObject({ width: 320, height: 240 });
    expect(growth).toBeLessThan(64 * MIB);
  });
});

describe('extreme sizes', () => {
  it.each([
    [1, 65_500],
    [65_500, 1],
  ])('%i × %i', async (width, height) => {
    const source = await plain(width, height, [10, 120, 30]).png().toBuffer();

    for (const format of ['jpeg', 'png'] as const) {
      expect(await compress(source, { format })).toMatchObject({ width, height });
    }
    for (const format of ['webp', 'avif'] as const) {
      await expect(compress(source, { format })).rejects.toMatchObject({ code: 'encode_failed' });
      expect(await compress(source, { format, maxWidth: 1000, maxHeight: 1000 })).toMatchObject({
        width: Math.min(width, 1000),
        height: Math.min(height, 1000),
      });
    }
  });

  it('a JPEG of 1 × 65,500', async () => {
    const source = await plain(1, 65_500, [10, 120, 30]).jpeg({ quality: 98 }).toBuffer();

    expect(await compress(source)).toMatchObject({ width: 1, height: 65_500 });
  });
});

describe('a thread of a million pixels', () => {
  it.each([
    [1_000_001, 1],
    [1, 1_000_001],
  ])('of %i × %i cannot become one', async (width, height) => {
    const source = await sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toBuffer();

    await expect(compress(source, { maxWidth: 1, maxHeight: 1 })).rejects.toMatchObject({
      code: 'encode_failed',
      message: `The image of ${width} × ${height} pixels cannot be made as small as 1 × 1.`,
    });
    expect(await compress(source, { maxWidth: 2, maxHeight: 2 })).toMatchObject({
      width: Math.min(width, 2),
      height: Math.min(height, 2),
    });
  });
});

describe('colours that are seldom', () => {
  const ORANGE = [200, 100, 50];

  it.each([
    ['Lab', (picture: Sharp) => picture.toColourspace('lab').tiff({ compression: 'none' })],
    ['float', (picture: Sharp) => picture.toColourspace('scrgb').tiff({ compression: 'deflate' })],
    ['CMYK', (picture: Sharp) => picture.toColourspace('cmyk').tiff({ compression: 'lzw' })],
    ['16 bits', (picture: Sharp) => picture.toColourspace('rgb16').tiff({ compression: 'lzw' })],
    ['tiles', (picture: Sharp) => picture.tiff({ compression: 'deflate', tile: true })],
    ['JPEG inside', (picture: Sharp) => picture.tiff({ compression: 'jpeg', quality: 95 })],
    ['WebP inside', (picture: Sharp) => picture.tiff({ compression: 'webp', quality: 95 })],
    ['a palette', (picture: Sharp) => picture.png({ palette: true, colours: 2 })],
    ['10 bits', (picture: Sharp) => picture.avif({ bitdepth: 10, quality: 95, effort: 0 })],
  ])('%s', async (_, store) => {
    const source = await store(plain(64, 64, ORANGE)).toBuffer();

    const { bytes } = await compress(source, { format: 'png', quality: 100 });

    const colour = (await centreColour(bytes)).slice(0, 3);
    colour.forEach((value, channel) => expect(Math.abs(value - ORANGE[channel]!)).toBeLessThan(30));
    expect(await sharp(bytes).metadata()).toMatchObject({ space: 'srgb', depth: 'uchar' });
  });

  it('black and white as a fax has it', async () => {
    const source = await paint(64, 64, 3, (x) => (x < 32 ? [0, 0, 0] : [255, 255, 255]))
      .toColourspace('b-w')
      .threshold()
      .tiff({ compression: 'ccittfax4', bitdepth: 1 })
      .toBuffer();

    const { bytes } = await compress(source, { format: 'png', quality: 100 });

    expect(await centreColour(bytes)).toEqual([255, 255, 255]);
  });

  it('a JPEG of 12 bits is whole, and not supported', async () => {
    const source = await photo().jpeg().toBuffer();
    const precision = source.indexOf('\xff\xc0', 0, 'latin1') + 4;
    source[precision] = 12;

    await expect(compress(source)).rejects.toMatchObject({ code: 'unsupported_format' });
  });
});

describe('orientation in other formats than JPEG', () => {
  const STORED: [orientation: number, order: Quarter[]][] = [
    [2, ['green', 'red', 'white', 'blue']],
    [3, ['blue', 'white', 'red', 'green']],
    [4, ['white', 'blue', 'green', 'red']],
    [5, ['red', 'white', 'blue', 'green']],
    [6, ['green', 'blue', 'white', 'red']],
    [7, ['blue', 'green', 'red', 'white']],
    [8, ['white', 'red', 'green', 'blue']],
  ];

  it.each((['png', 'webp', 'tiff', 'avif'] as const).map((format) => [format]))(
    '%s ends upright',
    async (format) => {
      for (const [orientation, order] of STORED) {
        const [width, height] = orientation < 5 ? [120, 80] : [80, 120];
        const source = await quarters(width, height, order)
          .withMetadata({ orientation })
          .toFormat(format)
          .toBuffer();

        const output = await compress(source, { format: 'jpeg' });

        expect(output).toMatchObject({ width: 120, height: 80 });
        expect(await readQuarters(output.bytes)).toEqual(QUARTERS);
      }
    },
  );
});

describe('an image and something else at once', () => {
  const SCRIPT = '<script>alert(1)</script>';
  const ZIP = 'PK\x03\x04\x14\0\0\0\0\0evil.jar';

  it.each([
    ['JPEG and ZIP', 'jpeg', ZIP],
    ['JPEG and HTML', 'jpeg', SCRIPT],
    ['PNG and HTML', 'png', SCRIPT],
    ['GIF and JavaScript', 'gif', '*/=1;alert(1)'],
    ['WebP and HTML', 'webp', SCRIPT],
    ['AVIF and ZIP', 'avif', ZIP],
    ['TIFF and ZIP', 'tiff', ZIP],
  ] as const)('%s is an image only, small or large', async (_, format, tail) => {
    const image = await photo().toFormat(format).toBuffer();
    const source = Buffer.concat([image, Buffer.from(tail, 'latin1')]);

    for (const quality of [1, 50, 100]) {
      const output = await compress(source, { quality });
      expect(output.bytes.includes(tail, 0, 'latin1')).toBe(false);
      expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 320, height: 240 });
    }
  });

  it.each([
    ['a comment', 0xfe],
    ['EXIF', 0xe1],
    ['an application of its own', 0xef],
  ])('a script in %s of a JPEG is gone', async (_, marker) => {
    const source = withJpegSegments(await photo().jpeg({ quality: 5 }).toBuffer(), [
      [marker, Buffer.from(SCRIPT)],
    ]);

    for (const quality of [1, 50, 100]) {
      expect((await compress(source, { quality })).bytes.includes(SCRIPT)).toBe(false);
    }
  });
});

describe('half an image', () => {
  it.each([
    ['GIF', () => photo().gif()],
    ['interlaced PNG', () => photo().png({ progressive: true })],
    ['progressive JPEG', () => photo().jpeg({ progressive: true })],
    ['lossless WebP', () => photo().webp({ lossless: true })],
    ['tiled TIFF', () => photo().tiff({ compression: 'deflate', tile: true })],
  ])('%s is a corrupt_image wherever it ends', async (_, draw) => {
    const source = await draw().toBuffer();

    for (const share of [0.1, 0.3, 0.5, 0.8]) {
      const cut = source.subarray(0, Math.floor(source.length * share));
      await expect(compress(cut)).rejects.toMatchObject({ code: 'corrupt_image' });
    }
  });
});

/** By how much the process was larger while it worked, in bytes. */
async function growthOf<T>(work: () => Promise<T>): Promise<{ output: T; growth: number }> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 1);
  const output = await work().finally(() => clearInterval(watch));
  return { output, growth: Math.max(peak, process.memoryUsage.rss()) - before };
}
