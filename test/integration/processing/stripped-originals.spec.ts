import sharp, { type Sharp } from 'sharp';
import { compress } from '../../support/compression.js';
import { pngChunk } from '../../../fuzz/images/parts.js';
import { animation, paint, photo, withJpegSegments, withPngChunks } from '../../support/pictures.js';

const SCRIPT = '<script>alert(1)</script>';
const ZIP = 'PK\x03\x04\x14\0\0\0\0\0';

/** Pictures that no JPEG of full quality can be smaller than. */
const SMALL = {
  jpeg: () => photo().jpeg({ quality: 10 }),
  'progressive jpeg': () => photo().jpeg({ quality: 10, progressive: true }),
  'cmyk jpeg': () => photo().toColourspace('cmyk').jpeg({ quality: 10 }),
  png: () => fewColours().png({ palette: true, colours: 4, effort: 10 }),
  webp: () => photo().webp({ quality: 5, effort: 6 }),
  'lossless webp': () => fewColours().webp({ lossless: true, effort: 6 }),
  avif: () => photo().avif({ quality: 5, effort: 4 }),
} satisfies Record<string, () => Sharp>;

type Small = keyof typeof SMALL;
const NAMES = Object.keys(SMALL) as Small[];
/** Their parts can be told without moving the others. */
const STRIPPED = NAMES.filter((name) => name !== 'avif');

describe('a kept original', () => {
  it.each(NAMES)('%s that holds nothing else stays as it is', async (name) => {
    const source = await SMALL[name]().toBuffer();

    expect(await keep(source)).toEqual(source);
  });

  it.each(STRIPPED)('%s loses its metadata, and no pixel', async (name) => {
    const source = await described(SMALL[name]()).toBuffer();
    expect(source.includes('Somebody')).toBe(true);

    const kept = await keep(source);

    expect(kept.includes('Somebody')).toBe(false);
    expect(kept.length).toBeLessThan(source.length);
    const { exif, xmp } = await sharp(kept).metadata();
    expect({ exif, xmp }).toEqual({});
    expect(await haveSamePixels(kept, source)).toBe(true);
  });

  // A profile of CMYK is so large that there is nothing to be kept.
  it.each(STRIPPED.filter((name) => name !== 'cmyk jpeg'))(
    '%s keeps the colour profile it is seen with',
    async (name) => {
      const source = await SMALL[name]().withIccProfile('p3').toBuffer();

      const { icc } = await sharp(await keep(source)).metadata();

      expect(icc).toEqual((await sharp(source).metadata()).icc);
    },
  );

  it.each(STRIPPED.flatMap((name) => [2, 3, 6, 7].map((orientation) => ({ name, orientation }))))(
    '$name stays turned: $orientation',
    async ({ name, orientation }) => {
      const source = await described(SMALL[name](), orientation).toBuffer();
      expect((await sharp(source).metadata()).orientation).toBe(orientation);

      const kept = await keep(source);

      expect((await sharp(kept).metadata()).orientation).toBe(orientation);
      expect(kept.includes('Somebody')).toBe(false);
      expect(await haveSamePixels(kept, source)).toBe(true);
    },
  );

  it.each(STRIPPED.flatMap((name) => [SCRIPT, ZIP].map((tail) => ({ name, tail }))))(
    '$name loses what follows its end: $tail',
    async ({ name, tail }) => {
      const image = await SMALL[name]().toBuffer();

      expect(await keep(Buffer.concat([image, Buffer.from(tail, 'latin1')]))).toEqual(image);
    },
  );

  it('loses the comments of a JPEG', async () => {
    const image = await SMALL.jpeg().toBuffer();

    expect(await keep(withJpegSegments(image, [[0xfe, Buffer.from(SCRIPT)]]))).toEqual(image);
  });

  it('loses the texts of a PNG', async () => {
    const image = await SMALL.png().toBuffer();
    const text = (type: string) => pngChunk(type, Buffer.from(`Comment\0${SCRIPT}`));

    expect(await keep(withPngChunks(image, [text('tEXt'), text('teSt')]))).toEqual(image);
  });
});

describe('a kept GIF', () => {
  const COMMENT = Buffer.from('\x21\xfe\x11*/=1;alert(1)//**\0', 'latin1');

  it.each([
    ['still', 'jpeg', () => fewColours().gif({ colours: 4, effort: 10 }).toBuffer()],
    ['animated', 'same', fewFrames],
  ] as const)('%s loses comments and its tail, and no frame', async (_, format, draw) => {
    const image = await draw();
    const colours = 3 * 2 ** ((image[10]! & 7) + 1);
    const afterHeader = 13 + (image[10]! & 0x80 ? colours : 0);
    const source = Buffer.concat([
      image.subarray(0, afterHeader),
      COMMENT,
      image.subarray(afterHeader),
      Buffer.from('*/alert(1)'),
    ]);

    expect(await keep(source, format)).toEqual(image);
  });
});

describe('an original that cannot be stripped is not kept', () => {
  it('AVIF with metadata', async () => {
    const output = await compress(await described(SMALL.avif()).toBuffer(), { quality: 90 });

    expect(output.keptOriginal).toBe(false);
    expect(output.bytes.includes('Somebody')).toBe(false);
  });

  it('AVIF with a tail', async () => {
    const image = await SMALL.avif().toBuffer();

    const output = await compress(Buffer.concat([image, Buffer.from(`\0\0\0\x40free${SCRIPT}`)]), {
      quality: 90,
    });

    expect(output).toMatchObject({ keptOriginal: false, contentType: 'image/avif' });
    expect(output.bytes.includes(SCRIPT)).toBe(false);
  });

  it('TIFF, in which anything may stand anywhere', async () => {
    const source = await fewColours()
      .toColourspace('b-w')
      .threshold()
      .tiff({ compression: 'ccittfax4', bitdepth: 1 })
      .toBuffer();

    const output = await compress(source, { quality: 100 });

    expect(output.bytes.length).toBeGreaterThan(source.length);
    expect(output).toMatchObject({ keptOriginal: false, contentType: 'image/jpeg' });
  });

  it('a JPEG with stray bytes between its segments', async () => {
    const image = await SMALL.jpeg().toBuffer();
    const at = image.indexOf('\xff\xc4', 0, 'latin1');
    const source = Buffer.concat([image.subarray(0, at), Buffer.from('stray'), image.subarray(at)]);

    expect(await compress(source, { quality: 90 })).toMatchObject({ keptOriginal: false });
  });

  it('an animation of which one frame was wanted: the others were not decoded', async () => {
    const source = await animation('webp', { width: 40, height: 30, delays: [100, 100] });

    const output = await compress(source, { format: 'png', quality: 100 });

    expect(output.bytes.length).toBeGreaterThan(source.length);
    expect(output).toMatchObject({ keptOriginal: false, contentType: 'image/png' });
  });
});

/** The output, which must be the original. */
async function keep(source: Buffer, format: 'jpeg' | 'same' = 'jpeg'): Promise<Buffer> {
  const output = await compress(source, { quality: 100, format });
  expect(output.keptOriginal).toBe(true);
  expect(output.bytes.length).toBeLessThanOrEqual(source.length);
  return output.bytes;
}

function described(picture: Sharp, orientation = 1): Sharp {
  return picture
    .withExif({
      IFD0: { Copyright: 'Somebody' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">Somebody</x:xmpmeta>')
    .withMetadata({ orientation });
}

function fewColours(): Sharp {
  return paint(96, 64, 3, (x, y) => (((x >> 3) + (y >> 3)) % 2 ? [200, 30, 30] : [20, 120, 60]));
}

async function fewFrames(): Promise<Buffer> {
  const frames = await Promise.all([0, 1].map((shift) => stripes(shift).png().toBuffer()));
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: [100, 200], colours: 2, effort: 10 })
    .toBuffer();
}

function stripes(shift: number): Sharp {
  return paint(40, 30, 3, (x) => ((x >> 3) % 2 === shift ? [200, 30, 30] : [20, 120, 60]));
}

async function haveSamePixels(a: Buffer, b: Buffer): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((bytes) => sharp(bytes).raw().toBuffer()));
  return one!.equals(other!);
}
