import { isDeepStrictEqual } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import type { SourceFormat } from '../../../src/processing/image-format.js';
import { stripMetadata } from '../../../src/processing/strip-metadata.js';
import { animatedPng, animation, photo } from '../../support/pictures.js';

const DRAW: Record<SourceFormat, () => Promise<Buffer>> = {
  jpeg: () => described(photo(16, 12)).jpeg({ progressive: true }).toBuffer(),
  png: () => described(photo(16, 12)).png().toBuffer(),
  webp: () => describedAnimation('webp'),
  gif: () => describedAnimation('gif'),
  avif: () => photo(16, 12).avif({ effort: 0 }).toBuffer(),
  tiff: () => photo(16, 12).tiff().toBuffer(),
};
const FORMATS = Object.keys(DRAW) as SourceFormat[];
const STRIPPED = FORMATS.filter((format) => format !== 'tiff');

it.each(FORMATS)('%s that ends too early is not certain, wherever it ends', async (format) => {
  const bytes = await DRAW[format]();

  for (let length = 0; length < bytes.length; length += 1) {
    expect(strip(format, bytes.subarray(0, length))).toBeUndefined();
  }
});

it.each(FORMATS)('%s with any byte changed stays the picture that it was, if it was one', async (format) => {
  const bytes = await DRAW[format]();
  const others: number[] = [];

  for (let at = 16; at + 4 <= bytes.length; at += 1) {
    const changed = Buffer.from(bytes).fill(0xff, at, at + 4);
    const stripped = strip(format, changed);
    if (stripped && !stripped.equals(changed) && !(await isSameIfSeen(stripped, changed))) others.push(at);
  }
  expect(others).toEqual([]);
});

it.each(STRIPPED)('%s is stripped once', async (format) => {
  const bytes = await DRAW[format]();

  const once = strip(format, bytes)!;

  expect(strip(format, once)).toEqual(once);
});

it.each(STRIPPED)('%s is stripped to as many bytes as are wanted, or not at all', async (format) => {
  const bytes = await DRAW[format]();
  const { length } = strip(format, bytes)!;

  expect(strip(format, bytes, length)).toHaveLength(length);
  expect(strip(format, bytes, length - 1)).toBeUndefined();
});

it('an animated PNG keeps its frames', async () => {
  const source = await animatedPng(16, 16);
  expect(strip('png', source)).toEqual(source);
});

function strip(format: SourceFormat, bytes: Buffer, atMost?: number): Buffer | undefined {
  const upright = { width: 16, height: 12, pages: 1, pixels: 16 * 12 };
  const plain = { interlaced: false, hasAlpha: false, fullChroma: false, deepWithProfile: false };
  return stripMetadata({ ...upright, ...plain, bytes, format, orientation: 1 }, atMost);
}

function described(picture: Sharp): Sharp {
  return picture.withExif({ IFD0: { Copyright: 'Somebody' } }).withXmp('<x:xmpmeta/>');
}

async function describedAnimation(format: 'gif' | 'webp'): Promise<Buffer> {
  const bytes = await animation(format, { width: 16, height: 12 });
  if (format === 'webp') return described(sharp(bytes, { animated: true }).webp()).toBuffer();
  return Buffer.concat([bytes.subarray(0, -1), Buffer.from('\x21\xfe\x08Somebody\0;', 'latin1')]);
}

/** Whether the first is shown as the second is, or the second cannot be shown. */
async function isSameIfSeen(one: Buffer, other: Buffer): Promise<boolean> {
  const seen = await decode(other).catch(() => undefined);
  return !seen || isDeepStrictEqual(await decode(one), seen);
}

/** The picture, and how it is shown. */
async function decode(bytes: Buffer): Promise<unknown> {
  const image = sharp(bytes, { animated: true, failOn: 'error' });
  const { width, height, pages, delay, loop } = await image.metadata();
  return { width, height, pages, delay, loop, pixels: await image.raw().toBuffer() };
}
