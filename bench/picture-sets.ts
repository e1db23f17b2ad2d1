/** How the pictures of a set are made, of the photographs in `samples/images`. */
export interface PictureSet {
  width: number;
  height: number;
  /** How many different ones there are. */
  count: number;
  format: 'jpeg' | 'png' | 'webp';
  /** About so large is a file (bytes); the encoder's quality is chosen for it. */
  bytes: number;
  progressive?: boolean;
  /** Stored on its side, with an EXIF orientation that turns it upright. */
  rotated?: boolean;
  alpha?: boolean;
}

const KB = 1000;
const MB = 1000 * KB;

/** By name; sizes as shops have them, and larger. */
export const PICTURE_SETS = {
  'jpeg-tiny': { width: 160, height: 120, count: 40, format: 'jpeg', bytes: 8 * KB },
  'jpeg-800': { width: 800, height: 800, count: 40, format: 'jpeg', bytes: 103 * KB },
  'jpeg-2000': { width: 2000, height: 2000, count: 12, format: 'jpeg', bytes: 670 * KB },
  'jpeg-12mp': { width: 4000, height: 3000, count: 6, format: 'jpeg', bytes: 3 * MB },
  'jpeg-12mp-progressive': {
    width: 4000,
    height: 3000,
    count: 3,
    format: 'jpeg',
    bytes: 3 * MB,
    progressive: true,
  },
  'jpeg-12mp-rotated': { width: 4000, height: 3000, count: 3, format: 'jpeg', bytes: 3 * MB, rotated: true },
  'jpeg-50mp': { width: 8160, height: 6120, count: 2, format: 'jpeg', bytes: 12 * MB },
  'jpeg-50mp-progressive': {
    width: 8160,
    height: 6120,
    count: 2,
    format: 'jpeg',
    bytes: 12 * MB,
    progressive: true,
  },
  'jpeg-50mp-rotated': { width: 8160, height: 6120, count: 2, format: 'jpeg', bytes: 12 * MB, rotated: true },
  'png-1000': { width: 1000, height: 1000, count: 8, format: 'png', bytes: Infinity, alpha: true },
  'webp-1200': { width: 1200, height: 1200, count: 12, format: 'webp', bytes: 200 * KB },
} satisfies Record<string, PictureSet>;

export type PictureSetName = keyof typeof PICTURE_SETS;
