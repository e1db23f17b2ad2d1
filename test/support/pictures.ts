import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { uint32, withSecondFrame } from '../../fuzz/images/animated-png.js';
import { pngChunk } from '../../fuzz/images/parts.js';

/** Colours of the four quarters of `quarters`, clockwise from the upper left. */
export const QUARTERS = ['red', 'green', 'blue', 'white'] as const;
export type Quarter = (typeof QUARTERS)[number];

const QUARTER_RGB: Record<Quarter, [number, number, number]> = {
  red: [220, 30, 30],
  green: [30, 160, 40],
  blue: [40, 60, 200],
  white: [250, 250, 250],
};

type Paint = (x: number, y: number) => readonly number[];

/** A picture painted pixel by pixel; give it a format with sharp's own `jpeg()`, `png()` and so on, then `toBuffer()`. */
export function paint(width: number, height: number, channels: 1 | 2 | 3 | 4, colour: Paint): Sharp {
  const pixels = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const values = colour(x, y);
      const offset = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) pixels[offset + channel] = values[channel]!;
    }
  }
  return sharp(pixels, { raw: { width, height, channels } });
}

/** As hard to compress as a photograph: soft gradients with texture, the same at every call. */
export function photo(width = 320, height = 240): Sharp {
  return paint(width, height, 3, (x, y) => {
    const texture = 24 * Math.sin(x * 1.7 + y * 0.9) * Math.cos(y * 1.3) + ((x * 7919 + y * 104_729) % 23);
    const light = 90 + (110 * (x + y)) / (width + height);
    return [light + texture, light * 0.8 + texture, 200 - light * 0.6 + texture];
  });
}

/** Noise of few shades, in which deflate searches longest (0.8 s a megapixel at level 6). */
export function grain(width: number, height: number): Sharp {
  const period = randomBytes(1_000_000).map((byte) => byte & 3);
  return sharp(Buffer.alloc(width * height * 3, period), { raw: { width, height, channels: 3 } });
}

/** One colour, `[r, g, b]` or `[r, g, b, a]`. */
export function plain(width: number, height: number, colour: readonly number[]): Sharp {
  return paint(width, height, colour.length as 3 | 4, () => colour);
}

/** Four quarters in the four colours, so that a turned or mirrored picture shows it. */
export function quarters(width: number, height: number, order: readonly Quarter[] = QUARTERS): Sharp {
  return paint(width, height, 3, (x, y) => {
    const clockwise = y < height / 2 ? Math.floor((2 * x) / width) : 3 - Math.floor((2 * x) / width);
    return QUARTER_RGB[order[clockwise]!];
  });
}

/** The colours of the quarters of a picture, clockwise from the upper left. */
export async function readQuarters(bytes: Buffer): Promise<Quarter[]> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): Quarter => {
    const offset = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
    return nearestQuarter([...data.subarray(offset, offset + 3)]);
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.75, 0.75), at(0.25, 0.75)];
}

/** The colour in the middle of a picture (of its first frame, or of `page`), as its numbers stand in the file. */
export async function centreColour(bytes: Buffer, page = 0): Promise<number[]> {
  const { data, info } = await sharp(bytes, { page, ignoreIcc: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const offset = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  return [...data.subarray(offset, offset + info.channels)];
}

/** A moving square on a textured ground, one frame for each delay (in ms, whole hundredths of a second). */
export async function animation(
  format: 'gif' | 'webp',
  { width = 120, height = 80, delays = [100, 200, 300], loop = 0 } = {},
): Promise<Buffer> {
  const frames = await Promise.all(delays.map((_, index) => frame(width, height, index)));
  const stacked = sharp(frames, { join: { animated: true } });
  return format === 'gif'
    ? stacked.gif({ delay: delays, loop, effort: 1 }).toBuffer()
    : stacked.webp({ delay: delays, loop, quality: 95 }).toBuffer();
}

/** An animated PNG of two frames. */
export async function animatedPng(width = 64, height = 64): Promise<Buffer> {
  return withSecondFrame(await photo(width, height).png().toBuffer(), width, height);
}

/** The PNG with more chunks before its pixels. */
export function withPngChunks(png: Buffer, chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** The JPEG with more segments at its start, given as marker and content. */
export function withJpegSegments(jpeg: Buffer, segments: [marker: number, content: Buffer][]): Buffer {
  const written = segments.flatMap(([marker, content]) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(content.length + 2, 2);
    return [head, content];
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...written, jpeg.subarray(2)]);
}

/** The PNG with a header that tells another size, its checksum right. */
export function resizedHeader(png: Buffer, width: number, height: number): Buffer {
  const depthAndType = png.subarray(24, 29);
  const header = pngChunk('IHDR', Buffer.concat([uint32(width, height), depthAndType]));
  return Buffer.concat([png.subarray(0, 8), header, png.subarray(33)]);
}

function frame(width: number, height: number, index: number): Promise<Buffer> {
  const inSquare = (x: number, y: number) =>
    Math.abs(x - 15 - index * 20) < 10 && Math.abs(y - height / 2) < 10;
  return paint(width, height, 3, (x, y) =>
    inSquare(x, y) ? [230, 20, 20] : [(x * 2) % 256, (y * 3) % 256, 120],
  )
    .png()
    .toBuffer();
}

function nearestQuarter(colour: number[]): Quarter {
  const distance = (name: Quarter) =>
    QUARTER_RGB[name].reduce((sum, value, channel) => sum + (value - colour[channel]!) ** 2, 0);
  return QUARTERS.toSorted((a, b) => distance(a) - distance(b))[0]!;
}
