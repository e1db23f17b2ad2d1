import sharp, { type Sharp } from 'sharp';
import { compress } from '../../support/compression.js';
import {
  animatedPng,
  animation,
  centreColour,
  paint,
  photo,
  plain,
  quarters,
  QUARTERS,
  readQuarters,
  type Quarter,
} from '../../support/pictures.js';

describe('orientation', () => {
  // What the camera stored, clockwise from the upper left, so that the orientation makes QUARTERS of it (EXIF 2.3, tag 0x0112).
  const STORED: [orientation: number, order: Quarter[]][] = [
    [1, ['red', 'green', 'blue', 'white']],
    [2, ['green', 'red', 'white', 'blue']],
    [3, ['blue', 'white', 'red', 'green']],
    [4, ['white', 'blue', 'green', 'red']],
    [5, ['red', 'white', 'blue', 'green']],
    [6, ['green', 'blue', 'white', 'red']],
    [7, ['blue', 'green', 'red', 'white']],
    [8, ['white', 'red', 'green', 'blue']],
  ];

  it.each(STORED)('%i ends upright', async (orientation, order) => {
    const output = await compress(await stored(orientation, order));

    expect(output).toMatchObject({ width: 120, height: 80, keptOriginal: false });
    expect(await readQuarters(output.bytes)).toEqual(QUARTERS);
    expect((await sharp(output.bytes).metadata()).orientation).toBeUndefined();
  });

  it.each(STORED)('%i is bounded as it is seen', async (orientation, order) => {
    const output = await compress(await stored(orientation, order), { maxWidth: 60 });

    expect(output).toMatchObject({ width: 60, height: 40 });
    expect(await readQuarters(output.bytes)).toEqual(QUARTERS);
  });

  it('reports a kept source as viewers turn it', async () => {
    const source = await photo(240, 320).withMetadata({ orientation: 6 }).jpeg({ quality: 5 }).toBuffer();

    expect(await compress(source, { quality: 95 })).toMatchObject({
      keptOriginal: true,
      width: 320,
      height: 240,
    });
  });
});

describe('colours', () => {
  const RED = [200, 100, 50];

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)('Display P3 ends in sRGB: %s', async (format) => {
    const source = await plain(64, 64, RED).withIccProfile('p3').png({ compressionLevel: 0 }).toBuffer();
    expectColour(await centreColour(source), [187, 105, 62]);

    const output = await compress(source, { format });

    expectColour(await centreColour(output.bytes), RED);
    expect((await sharp(output.bytes).metadata()).hasProfile).toBe(false);
  });

  it.each(['p3', 'srgb'])('16 bits a channel with a profile (%s) end in sRGB with 8', async (profile) => {
    const source = await plain(64, 64, RED)
      .toColourspace('rgb16')
      .withIccProfile(profile)
      .png({ compressionLevel: 0 })
      .toBuffer();

    const output = await compress(source, { format: 'jpeg', quality: 90 });

    expectColour(await centreColour(output.bytes), RED);
    expect(await sharp(output.bytes).metadata()).toMatchObject({
      depth: 'uchar',
      space: 'srgb',
      hasProfile: false,
    });
  });

  it('16 bits a channel without a profile keep their colour', async () => {
    const source = await plain(64, 64, RED).toColourspace('rgb16').png({ compressionLevel: 0 }).toBuffer();

    const output = await compress(source);

    expectColour((await centreColour(output.bytes)).slice(0, 3), RED);
    expect((await sharp(output.bytes).metadata()).depth).toBe('uchar');
  });

  it.each([
    ['with', (picture: Sharp) => picture.withIccProfile('cmyk')],
    ['without', (picture: Sharp) => picture],
  ])('CMYK %s a profile ends in sRGB', async (_, profile) => {
    const source = await profile(plain(64, 64, RED).toColourspace('cmyk'))
      .jpeg({ quality: 98 })
      .toBuffer();
    expect(await sharp(source).metadata()).toMatchObject({ space: 'cmyk', channels: 4 });

    const output = await compress(source, { format: 'png' });

    const { space, channels } = await sharp(output.bytes).metadata();
    expect({ space, channels }).toEqual({ space: 'srgb', channels: 3 });
    // CMYK holds this orange a little paler.
    expectColour(await centreColour(output.bytes), [197, 94, 23], 6);
  });

  it('grey stays grey', async () => {
    const source = await plain(64, 64, [90, 90, 90]).toColourspace('b-w').jpeg({ quality: 98 }).toBuffer();
    expect((await sharp(source).metadata()).channels).toBe(1);

    expectColour(await centreColour((await compress(source, { format: 'png' })).bytes), [90, 90, 90]);
  });
});

describe('transparency', () => {
  it.each(['same', 'png', 'webp', 'avif'] as const)('is kept: %s', async (format) => {
    const { bytes } = await compress(await cutOut(), { format });

    const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number) => [...data.subarray((32 * info.width + x) * 4, (32 * info.width + x) * 4 + 4)];
    expect(pixel(60)[3]).toBeLessThan(5);
    expectColour(pixel(4), [200, 30, 30, 255], 12);
  });

  it('becomes white in a JPEG', async () => {
    const { bytes } = await compress(await cutOut(), { format: 'jpeg', quality: 90 });

    const clear = await sharp(bytes).extract({ left: 40, top: 0, width: 24, height: 64 }).toBuffer();
    expect(await centreColour(clear)).toEqual([255, 255, 255]);
  });

  it('of grey with alpha, too', async () => {
    const source = await paint(64, 64, 2, (x) => (x < 40 ? [0, 0] : [120, 255]))
      .toColourspace('b-w')
      .png({ compressionLevel: 0 })
      .toBuffer();
    expect((await sharp(source).metadata()).channels).toBe(2);

    expectColour(await centreColour((await compress(source, { format: 'jpeg' })).bytes), [255, 255, 255]);
    expect((await centreColour((await compress(source)).bytes))[3]).toBe(0);
  });
});

describe('animation', () => {
  const delays = [100, 250, 400, 80];

  it.each([
    ['gif', 'same', 'gif'],
    ['webp', 'same', 'webp'],
    ['gif', 'webp', 'webp'],
  ] as const)('%s as `%s` keeps frames, delays and loop', async (from, format, to) => {
    const source = await animation(from, { delays, loop: 3 });

    const output = await compress(source, { format, quality: 30 });

    expect(output).toMatchObject({ contentType: `image/${to}`, width: 120, height: 80, keptOriginal: false });
    expect(await sharp(output.bytes).metadata()).toMatchObject({ pages: 4, delay: delays, loop: 3 });
  });

  it.each(['gif', 'webp'] as const)('%s is resized frame by frame', async (format) => {
    const output = await compress(await animation(format, { delays }), { maxWidth: 60, quality: 80 });

    expect(output).toMatchObject({ width: 60, height: 40 });
    expect(await sharp(output.bytes, { animated: true }).metadata()).toMatchObject({
      pages: 4,
      width: 60,
      pageHeight: 40,
    });
    // The square moves by 10 pixels a frame after the shrink; in the last one it has left the first one's place.
    const squareOf = (page: number) =>
      sharp(output.bytes, { page })
        .removeAlpha()
        .extract({ left: 7, top: 20, width: 1, height: 1 })
        .raw()
        .toBuffer();
    const [first, last] = await Promise.all([squareOf(0), squareOf(3)]);
    expect(first[0]).toBeGreaterThan(180);
    expect(last[0]).toBeLessThan(80);
  });

  it.each(['jpeg', 'png', 'avif'] as const)('takes the first frame for %s', async (format) => {
    const { bytes, width, height } = await compress(await animation('gif'), { format, quality: 80 });

    expect({ width, height }).toEqual({ width: 120, height: 80 });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 120, height: 80 });
    const square = await sharp(bytes)
      .removeAlpha()
      .extract({ left: 10, top: 35, width: 9, height: 9 })
      .png()
      .toBuffer();
    expectColour((await centreColour(square)).slice(0, 3), [230, 20, 20], 30);
  });

  it('of a PNG is not lost: the source is kept', async () => {
    const source = await animatedPng();

    expect(await compress(source)).toMatchObject({
      keptOriginal: true,
      bytes: source,
      contentType: 'image/png',
    });
    expect(await compress(source, { format: 'webp' })).toMatchObject({ keptOriginal: false });
  });
});

function stored(orientation: number, order: readonly Quarter[]): Promise<Buffer> {
  const [width, height] = orientation < 5 ? [120, 80] : [80, 120];
  return quarters(width, height, order).withMetadata({ orientation }).jpeg({ quality: 98 }).toBuffer();
}

/** Red on the left, and clear on the right. */
function cutOut(): Promise<Buffer> {
  return paint(64, 64, 4, (x) => (x < 32 ? [200, 30, 30, 255] : [0, 0, 0, 0]))
    .png({ compressionLevel: 0 })
    .toBuffer();
}

/** Rounding, chroma and quantising may move a channel a little. */
function expectColour(actual: number[], expected: number[], tolerance = 4): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, channel) =>
    expect(Math.abs(value - expected[channel]!)).toBeLessThanOrEqual(tolerance),
  );
}
