import sharp from 'sharp';
import { compress } from '../../support/compression.js';
import { pngChunk } from '../../../fuzz/images/parts.js';
import { animatedPng, paint, photo, withJpegSegments, withPngChunks } from '../../support/pictures.js';

/** Pictures that are kept as they are: no JPEG of full quality can be smaller. */
const SMALL = {
  jpeg: () => photo().jpeg({ quality: 10 }).toBuffer(),
  gif: () => fewColours().gif({ colours: 4, effort: 10 }).toBuffer(),
  png: () => fewColours().png({ palette: true, colours: 4, effort: 10 }).toBuffer(),
};
const SECRET = '<script>alert(1)</script>';

describe('a JPEG is written anew', () => {
  it('when fill bytes before a marker hide another picture, which nobody decoded', async () => {
    const output = await compress(await hiddenJpeg());

    expect(output).toMatchObject({ keptOriginal: false, width: 320, height: 240 });
    expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 320, height: 240 });
  });

  it.each([
    ['a fill byte', '\xff'],
    ['TEM', '\xff\x01'],
    ['DNL', `\xff\xdc\0\x1b${SECRET}`],
  ])('when %s stands before its tables, or before its end', async (_, stray) => {
    const image = await SMALL.jpeg();
    expect(await isKept(image)).toBe(true);

    for (const at of [2, image.length - 2]) {
      expect(await isKept(inserted(image, at, stray))).toBe(false);
    }
  });

  it('when a restart stands before its tables', async () => {
    expect(await isKept(inserted(await SMALL.jpeg(), 2, '\xff\xd0'))).toBe(false);
  });

  it('when tables follow the only scan', async () => {
    const image = await SMALL.jpeg();

    expect(await isKept(inserted(image, image.length - 2, `\xff\xdb\0\x1b${SECRET}`))).toBe(false);
  });
});

describe('a kept JPEG', () => {
  const JFIF = Buffer.from('JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\x01\x01', 'latin1');
  const thumbnail = Buffer.from('pix');

  it('loses the thumbnail, and keeps resolution and colours whatever its components are called', async () => {
    const source = withJpegSegments(namedRgb(await SMALL.jpeg()), [[0xe0, Buffer.concat([JFIF, thumbnail])]]);

    const { bytes, keptOriginal } = await compress(source, { quality: 100 });

    expect(keptOriginal).toBe(true);
    expect(bytes.includes(thumbnail)).toBe(false);
    expect(await sharp(bytes).metadata()).toMatchObject({ density: 300 });
    expect(await pixelsOf(bytes)).toEqual(await pixelsOf(source));
  });

  it('keeps no more of an Adobe segment than is read', async () => {
    const adobe = Buffer.from('Adobe\0\x64\0\0\0\0\x01', 'latin1');
    const image = await SMALL.jpeg();
    const source = withJpegSegments(image, [[0xee, Buffer.concat([adobe, Buffer.from(SECRET)])]]);

    const { bytes, keptOriginal } = await compress(source, { quality: 100 });

    expect(keptOriginal).toBe(true);
    expect(bytes).toEqual(withJpegSegments(image, [[0xee, adobe]]));
  });
});

describe('a GIF is written anew', () => {
  /** To some a text of nothing and a frame of 32,767 × 32,767, to others a text of 44 bytes. */
  const FRAME = '\x2c\0\0\0\0\xff\x7f\xff\x7f\0\x02\x01\x44\0;'.padEnd(45, '\0');

  it.each([
    ['a text hides a frame', `\x21\x01\0${FRAME}\0`],
    ['a comment is empty', '\x21\xfe\0'],
    ['a text stands in it', '\x21\x01\x01a\0'],
    ['an extension is unknown', '\x21\x02\x01a\0'],
    ['a frame is controlled twice', '\x21\xf9\x04\0\0\0\0\0'],
    ['a graphic control holds more', `\x21\xf9\x04\0\0\0\0\x19${SECRET}\0`],
    ['the loop holds more', `\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\x19${SECRET}\0`],
    ['a loop is not everybody’s', '\x21\xff\x0bANIMEXTS1.0\x03\x01\0\0\0'],
  ])('when %s', async (_, extension) => {
    const image = await SMALL.gif();
    expect(await isKept(image)).toBe(true);

    const afterHeader = 13 + 3 * 2 ** ((image[10]! & 7) + 1);
    const output = await compress(inserted(image, afterHeader, extension), { quality: 100, format: 'jpeg' });

    expect(output).toMatchObject({ keptOriginal: false, width: 96, height: 64 });
    expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 96, height: 64 });
    expect(output.bytes.includes(SECRET)).toBe(false);
  });
});

describe('a PNG is written anew', () => {
  it.each([
    ['animation', 'acTL', '\0\0\0\x01\0\0\0\0'],
    ['animation without content', 'acTL', ''],
    ['gamma that holds more', 'gAMA', `\0\0\xb1\x8f${SECRET}`],
    ['significant bits that hold more', 'sBIT', SECRET],
  ])('when it has a chunk of %s', async (_, type, content) => {
    const image = await SMALL.png();
    expect(await isKept(image)).toBe(true);

    const source = withPngChunks(image, [pngChunk(type, Buffer.from(content, 'latin1'))]);

    expect(await isKept(source)).toBe(false);
  });
});

describe('an animated PNG', () => {
  const ANOTHER = pngChunk('tEXt', Buffer.from(SECRET));

  it('is kept with its frames, and without what else it holds', async () => {
    const source = await animatedPng();
    const output = await compress(withPngChunks(source, [ANOTHER]));
    expect(output).toMatchObject({ keptOriginal: true, bytes: source });
  });

  it.each([
    ['another frame is announced', 'acTL', 0, '\0\0\0\x03'],
    ['a frame is out of order', 'fdAT', 0, '\0\0\0\x03'],
    ['a frame is wider than the picture', 'fcTL', 4, '\0\0\x01\0'],
    ['a frame has no width', 'fcTL', 4, '\0\0\0\0'],
    ['a frame begins beside the picture', 'fcTL', 12, '\0\0\0\x01'],
  ])('is written anew, as a still, when %s', async (_, type, offset, bytes) => {
    const changed = withLastChunk(await animatedPng(), type, offset, Buffer.from(bytes, 'latin1'));
    expect(await sharp(changed).metadata()).toMatchObject({ format: 'png' });
    const output = await compress(changed);
    expect(output).toMatchObject({ keptOriginal: false });
    expect(output.bytes.includes('fdAT')).toBe(false);
  });
});

describe('a WebP is written anew', () => {
  it('when a frame holds what is no picture', async () => {
    const frames = [0, 1].map((shift) => stripes(shift).png().toBuffer());
    const image = await sharp(await Promise.all(frames), { join: { animated: true } })
      .webp({ lossless: true, delay: [100, 200] })
      .toBuffer();
    const at = image.indexOf('ANMF');
    const length = image.readUInt32LE(at + 4);
    const source = inserted(image, at + 8 + length, `JUNK\x1a\0\0\0${SECRET} `);
    source.writeUInt32LE(length + 34, at + 4);
    source.writeUInt32LE(source.length - 8, 4);

    for (const [bytes, keptOriginal] of [
      [image, true],
      [source, false],
    ] as const) {
      expect(await compress(bytes, { quality: 100 })).toMatchObject({ keptOriginal });
    }
  });
});

describe('an AVIF is written anew', () => {
  it.each([false, true])('when something stands behind its pixels (transparent: %s)', async (transparent) => {
    const picture = transparent ? photo().ensureAlpha(0.5) : photo();
    const image = await picture.avif({ quality: 5, effort: 0 }).toBuffer();
    const source = inserted(image, image.length, SECRET);
    const box = image.indexOf('mdat') - 4;
    source.writeUInt32BE(source.length - box, box);

    expect(await compress(image, { quality: 100 })).toMatchObject({ keptOriginal: true, bytes: image });
    expect(await compress(source, { quality: 100 })).toMatchObject({ keptOriginal: false });
  });
});

async function isKept(source: Buffer): Promise<boolean> {
  return (await compress(source, { quality: 100, format: 'jpeg' })).keptOriginal;
}

function inserted(bytes: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'latin1'), bytes.subarray(at)]);
}

/** A fill byte makes its first table a long one to who does not know fill bytes; it ends in a comment, at another picture. */
async function hiddenJpeg(): Promise<Buffer> {
  const image = await photo().jpeg({ quality: 80 }).toBuffer();
  const hidden = await photo(64, 48).jpeg({ quality: 30 }).toBuffer();
  const size = hidden.indexOf('\xff\xc0', 0, 'latin1') + 5;
  hidden.writeUInt32BE(0xfde8_fde8, size);
  const table = 2 + 2 + image.readUInt16BE(4);
  const comment = Buffer.alloc(2 + 0xffff);
  comment.writeUInt32BE(0xfffe_ffff);
  hidden.copy(comment, 2 + 2 + 0xdb00 - (table + 1), 2);
  const filled = inserted(image.subarray(0, table), 2, '\xff');
  return Buffer.concat([filled, comment, image.subarray(table)]);
}

/** The JPEG of one scan with its three components called R, G and B. */
function namedRgb(jpeg: Buffer): Buffer {
  const named = Buffer.from(jpeg);
  const frame = named.indexOf('\xff\xc0', 0, 'latin1') + 10;
  const scan = named.indexOf('\xff\xda', 0, 'latin1') + 5;
  ['R', 'G', 'B'].forEach((name, index) => {
    named.write(name, frame + 3 * index, 'latin1');
    named.write(name, scan + 2 * index, 'latin1');
  });
  return named;
}

function fewColours() {
  return paint(96, 64, 3, (x, y) => (((x >> 3) + (y >> 3)) % 2 ? [200, 30, 30] : [20, 120, 60]));
}

function stripes(shift: number) {
  return paint(40, 30, 3, (x) => ((x >> 3) % 2 === shift ? [200, 30, 30] : [20, 120, 60]));
}

function pixelsOf(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes).raw().toBuffer();
}

/** The PNG with other bytes in its last chunk of a type, and the right checksum. */
function withLastChunk(png: Buffer, type: string, offset: number, bytes: Buffer): Buffer {
  const at = png.lastIndexOf(type) - 4;
  const end = at + 12 + png.readUInt32BE(at);
  const content = Buffer.from(png.subarray(at + 8, end - 4));
  bytes.copy(content, offset);
  return Buffer.concat([png.subarray(0, at), pngChunk(type, content), png.subarray(end)]);
}
