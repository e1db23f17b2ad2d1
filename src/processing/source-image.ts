import type { SourceFormat } from './image-format.js';
import type { Size } from './output-size.js';

/** What the header of an image says. Width and height are as stored, of one frame. */
export interface SourceImage extends Size {
  bytes: Buffer;
  format: SourceFormat;
  /** EXIF's, 1 to 8; 1 is upright. */
  orientation: number;
  /** Frames of a GIF or WebP; 1 for all others (the pages of a TIFF are no animation). */
  pages: number;
  /** Of all frames. */
  pixels: number;
  /** Progressive JPEG or interlaced PNG: no row is complete before the last one is. */
  interlaced: boolean;
  /** JPEG whose colours are as fine as its brightness (4:4:4). */
  fullChroma: boolean;
  hasAlpha: boolean;
  /** 16 bits a channel, and a colour profile. */
  deepWithProfile: boolean;
}
