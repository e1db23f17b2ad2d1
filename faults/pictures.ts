import sharp from 'sharp';

const WIDTH = 160;
const HEIGHT = 120;
/** Black and white squares along the upper edge: the picture's number in binary, which compression leaves readable. */
const BITS = 10;
const SQUARE = WIDTH / BITS;
/** How many different pictures there are. */
export const PICTURES = 2 ** BITS;

const drawn = new Map<number, Promise<Buffer>>();

/** A JPEG of a few kB; each number below `PICTURES` gives another one, which can be told from all others. */
export function picture(number: number): Promise<Buffer> {
  let jpeg = drawn.get(number);
  if (!jpeg) drawn.set(number, (jpeg = draw(number)));
  return jpeg;
}

/** The number of the picture that these bytes show. Throws when they are no whole image of its size. */
export async function numberOf(bytes: Buffer): Promise<number> {
  const { data, info } = await sharp(bytes, { failOn: 'error' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== WIDTH || info.height !== HEIGHT) throw new Error(`${info.width}×${info.height} pixels`);
  let number = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const middle = (SQUARE / 2) * WIDTH + bit * SQUARE + SQUARE / 2;
    if (data[middle * info.channels]! > 127) number |= 1 << bit;
  }
  return number;
}

function draw(number: number): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const at = (y * WIDTH + x) * 3;
      const isWhite = ((number >> Math.floor(x / SQUARE)) & 1) === 1;
      // Waves, so that the encoder has something to save.
      const wave = 128 + 60 * Math.sin((x * x + y * y + number * 7) / 300);
      pixels.fill(y < SQUARE ? (isWhite ? 255 : 0) : wave, at, at + 3);
    }
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 95 })
    .toBuffer();
}
