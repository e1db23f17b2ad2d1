import sharp, { type Sharp } from 'sharp';
import { withSecondFrame } from './animated-png.js';
import { withNamedComponents, withThumbnail } from './odd-jpegs.js';

/** A whole image, before anything is done to it. */
export interface Fixture {
  name: string;
  bytes: Buffer;
}

// Small, so that a mutation hits what steers the decoder more often than pixels, and some hundred are tried in a second.
const WIDTH = 48;
const HEIGHT = 32;

const EXIF = {
  IFD0: { Copyright: 'Somebody' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
};

type Draw = () => Sharp | Promise<Buffer>;

/** One of each kind of file that the service opens, and of each way to decode one. */
const KINDS: Record<string, Draw> = {
  'jpeg-baseline': () => colour().jpeg(),
  'jpeg-progressive': () => colour().jpeg({ progressive: true }),
  'jpeg-444': () => colour().jpeg({ chromaSubsampling: '4:4:4', quality: 98 }),
  'jpeg-small': () => colour().jpeg({ quality: 5, mozjpeg: true }),
  'jpeg-grey': () => colour().toColourspace('b-w').jpeg(),
  'jpeg-cmyk': () => colour().toColourspace('cmyk').withIccProfile('cmyk').jpeg(),
  'jpeg-cmyk-bare': () => colour().toColourspace('cmyk').jpeg(),
  'jpeg-jfif-thumbnail': async () => withThumbnail(await colour().jpeg({ quality: 20 }).toBuffer()),
  'jpeg-rgb-ids': async () => withNamedComponents(await colour().jpeg({ quality: 20 }).toBuffer()),
  'jpeg-rgb-ids-jfif': async () =>
    withThumbnail(withNamedComponents(await colour().jpeg({ quality: 20 }).toBuffer())),
  'jpeg-metadata': () => described(colour()).jpeg({ quality: 20 }),
  'png-8': () => colour().png(),
  'png-16': () => colour().toColourspace('rgb16').withIccProfile('p3').png(),
  'png-palette': () => colour().png({ palette: true, colours: 8 }),
  'png-bilevel': () => colour().toColourspace('b-w').threshold().png({ palette: true, colours: 2 }),
  'png-interlaced': () => colour().png({ progressive: true }),
  'png-grey-16': () => colour().toColourspace('grey16').png(),
  'png-grey-alpha': () => alpha().toColourspace('b-w').png(),
  'png-alpha': () => alpha().png(),
  'png-transparent-palette': () => alpha().png({ palette: true }),
  'png-metadata': () => described(colour()).png({ palette: true, colours: 4 }),
  'png-animated': async () => withSecondFrame(await colour().png().toBuffer(), WIDTH, HEIGHT),
  'webp-lossy': () => colour().webp(),
  'webp-lossless': () => colour().webp({ lossless: true }),
  'webp-alpha': () => alpha().webp(),
  'webp-animated': () => frames().webp({ delay: [100, 200, 300] }),
  'webp-metadata': () => described(colour()).webp({ quality: 5 }),
  'gif-still': () => colour().gif({ colours: 16 }),
  'gif-animated': () => frames().gif({ delay: [100, 200, 300], loop: 2 }),
  'gif-interlaced': () => alpha().gif({ progressive: true }),
  'tiff-none': () => colour().tiff({ compression: 'none' }),
  'tiff-lzw': () => colour().tiff({ compression: 'lzw' }),
  'tiff-deflate-tiled': () =>
    colour().tiff({ compression: 'deflate', tile: true, tileWidth: 16, tileHeight: 16, pyramid: true }),
  'tiff-jpeg': () => colour().tiff({ compression: 'jpeg' }),
  'tiff-packbits': () => alpha().tiff({ compression: 'packbits' }),
  'tiff-webp': () => colour().tiff({ compression: 'webp' }),
  'tiff-fax': () => colour().toColourspace('b-w').threshold().tiff({ compression: 'ccittfax4', bitdepth: 1 }),
  'tiff-16': () => colour().toColourspace('rgb16').tiff({ compression: 'lzw' }),
  'tiff-float': () => float().toColourspace('scrgb').tiff({ compression: 'deflate' }),
  'tiff-lab': () => colour().toColourspace('lab').tiff({ compression: 'none' }),
  'tiff-cmyk': () => colour().toColourspace('cmyk').tiff({ compression: 'none' }),
  'tiff-big': () => described(colour()).tiff({ bigtiff: true }),
  'avif-8': () => colour().avif({ effort: 0 }),
  'avif-10': () => colour().avif({ effort: 0, bitdepth: 10 }),
  'avif-alpha-lossless': () => alpha().avif({ effort: 0, lossless: true }),
  'avif-metadata': () => described(colour()).avif({ effort: 0, quality: 10 }),
};

export function makeFixtures(): Promise<Fixture[]> {
  return Promise.all(
    Object.entries(KINDS).map(async ([name, draw]) => {
      const drawn = draw();
      return { name, bytes: await (drawn instanceof Promise ? drawn : drawn.toBuffer()) };
    }),
  );
}

const colour = (): Sharp => raw(3);
const alpha = (): Sharp => raw(4);

function described(picture: Sharp): Sharp {
  return picture
    .withExif(EXIF)
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    .withMetadata({ orientation: 6 })
    .withIccProfile('p3');
}

function float(): Sharp {
  const values = Float32Array.from(samples(3), (sample) => sample / 255);
  return sharp(values, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

function frames(): Sharp {
  const height = HEIGHT * 3;
  const tall = samples(4, height);
  return sharp(tall, { raw: { width: WIDTH, height, channels: 4, pageHeight: HEIGHT } });
}

function raw(channels: 3 | 4): Sharp {
  return sharp(samples(channels), { raw: { width: WIDTH, height: HEIGHT, channels } });
}

/** Soft waves under some texture; the fourth channel is clear on the right. */
function samples(channels: 3 | 4, height = HEIGHT): Buffer {
  const data = Buffer.alloc(WIDTH * height * channels);
  for (let at = 0; at < data.length; at += 1) {
    const x = Math.floor(at / channels) % WIDTH;
    const y = Math.floor(at / channels / WIDTH);
    const channel = at % channels;
    const wave = 128 + 70 * Math.sin(x / 5 + channel) * Math.cos(y / 7) + ((x * 7919 + y * 104_729) % 23);
    data[at] = channel === 3 ? (x < WIDTH / 2 ? 255 : 0) : wave;
  }
  return data;
}
