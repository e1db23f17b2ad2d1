import { join } from 'node:path';
import sharp, { type CreateRaw, type Sharp } from 'sharp';
import type { PictureSet } from './picture-sets.js';

const SAMPLES = join('samples', 'images');
/** Photographs with room for a cell. */
const PHOTOGRAPHS = [
  'poster-picos-full.jpg',
  'wallpaper-dandelion-full.jpg',
  'postcard-sunset-front.jpg',
  'canvas-stream-full.jpg',
  'print-aitzgorri-full.jpg',
  'ceramic-bowl-front.jpg',
  'pallet-table-front.jpg',
  'calendar-spaniels-cover.jpg',
  'pallet-table-room.jpg',
  'djembe-front.jpg',
  'brush-set-front.jpg',
  'wallpaper-dandelion-close.jpg',
];
/** Of the squares that a picture is put together of: enlarged photographs would be smoother than real ones. */
const CELL = 800;
const QUALITIES = [98, 96, 94, 92, 90, 88, 85, 82, 78, 74, 70, 65, 60];

/** The `number`-th picture of a set: crops of real photographs side by side, another selection for each number. */
export async function drawPicture(set: PictureSet, number: number): Promise<Buffer> {
  const { width, height } = set;
  const columns = Math.ceil(width / CELL);
  const rows = Math.ceil(height / CELL);
  const cells = await Promise.all(
    Array.from({ length: columns * rows }, async (_, cell) => ({
      input: await crop(number * 7 + cell * 5),
      left: (cell % columns) * CELL,
      top: Math.floor(cell / columns) * CELL,
    })),
  );
  const canvas = { width: columns * CELL, height: rows * CELL, channels: 3 as const, background: 'grey' };
  const whole = await sharp({ create: canvas, limitInputPixels: false })
    .composite(cells)
    .png({ compressionLevel: 0 })
    .toBuffer();
  const { data, info } = await sharp(whole, { limitInputPixels: false })
    .extract({ left: 0, top: 0, width, height })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return encode(data, info, set);
}

/** A square of a photograph, as PNG; each number gives another place. */
async function crop(number: number): Promise<Buffer> {
  const photograph = join(SAMPLES, PHOTOGRAPHS[number % PHOTOGRAPHS.length]!);
  const { width, height } = await sharp(photograph).metadata();
  const at = (room: number, step: number): number => (number * step) % Math.max(room - CELL, 1);
  return sharp(photograph)
    .extract({ left: at(width, 131), top: at(height, 89), width: CELL, height: CELL })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

async function encode(pixels: Buffer, raw: CreateRaw, set: PictureSet): Promise<Buffer> {
  const picture = (): Sharp => sharp(pixels, { raw, limitInputPixels: false });
  if (set.format === 'png') return withRoundAlpha(picture(), raw).then((image) => image.png().toBuffer());
  let bytes: Buffer = Buffer.alloc(0);
  for (const quality of QUALITIES) {
    const image = set.rotated ? picture().rotate(270).withMetadata({ orientation: 6 }) : picture();
    const { progressive } = set;
    bytes = await (
      set.format === 'webp' ? image.webp({ quality, effort: 2 }) : image.jpeg({ quality, progressive })
    ).toBuffer();
    if (bytes.length <= set.bytes) break;
  }
  return bytes;
}

/** Cut out, as products are for a shop. */
async function withRoundAlpha(image: Sharp, { width, height }: CreateRaw): Promise<Sharp> {
  const circle = `<svg width="${width}" height="${height}"><circle cx="50%" cy="50%" r="45%" fill="white"/></svg>`;
  return image.joinChannel(await sharp(Buffer.from(circle)).extractChannel('alpha').raw().toBuffer(), {
    raw: { width, height, channels: 1 },
  });
}
