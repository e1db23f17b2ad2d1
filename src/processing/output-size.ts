import type { RequestOptions } from '../requests/request-options.js';

/** Pixels of one frame. */
export interface Size {
  width: number;
  height: number;
}

type Bounds = Pick<RequestOptions, 'maxWidth' | 'maxHeight'>;

/** The size at which an image is seen: EXIF orientations 5 to 8 lie on their side, and viewers turn them. */
export function uprightSize({ width, height, orientation }: Size & { orientation: number }): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

export function exceeds(size: Size, { maxWidth, maxHeight }: Bounds): boolean {
  return size.width > (maxWidth ?? Infinity) || size.height > (maxHeight ?? Infinity);
}

/** The size of the output: shrunk with its proportions until it fits, never enlarged, at least one pixel a side. */
export function fitWithin(size: Size, { maxWidth, maxHeight }: Bounds): Size {
  const scale = Math.min(1, (maxWidth ?? Infinity) / size.width, (maxHeight ?? Infinity) / size.height);
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(size.width), height: side(size.height) };
}
