import type { ObjectExtension } from '../storage/object-key.js';
/** What is opened and re-encoded. */
export type SourceFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff';

/** What is written. */
export type OutputFormat = Exclude<SourceFormat, 'tiff'>;

interface FormatFacts {
  contentType: string;
  extension: ObjectExtension;
  /** As people write it. */
  name: string;
  /** The longest side the encoder takes, in pixels. */
  maxSide: number;
}

export const FORMATS: Record<SourceFormat, FormatFacts> = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg', name: 'JPEG', maxSide: 65_535 },
  png: { contentType: 'image/png', extension: 'png', name: 'PNG', maxSide: 2 ** 31 - 1 },
  webp: { contentType: 'image/webp', extension: 'webp', name: 'WebP', maxSide: 16_383 },
  gif: { contentType: 'image/gif', extension: 'gif', name: 'GIF', maxSide: 65_535 },
  avif: { contentType: 'image/avif', extension: 'avif', name: 'AVIF', maxSide: 16_384 },
  tiff: { contentType: 'image/tiff', extension: 'tiff', name: 'TIFF', maxSide: 2 ** 31 - 1 },
};
