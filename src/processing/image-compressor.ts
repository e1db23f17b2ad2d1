import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { Env } from '../config/env.js';
import type { ObjectExtension } from '../storage/object-key.js';
import type { RequestOptions } from '../requests/request-options.js';
import { codecError } from './codec-error.js';
import { ImageError } from './image-error.js';
import { FORMATS, type SourceFormat } from './image-format.js';
import { refuseTooLongSides, refuseTooManyPixels, refuseTooMuchShrinking } from './image-limits.js';
import { identifyImage, isWebPage } from './image-signature.js';
import { keptOriginal } from './kept-original.js';
import { estimateMemory } from './memory-estimate.js';
import { planOutput, type OutputPlan } from './output-plan.js';
import { uprightSize } from './output-size.js';
import type { SourceImage } from './source-image.js';

export type CompressOptions = RequestOptions;

/** An image of which the header was read, and no pixel yet. */
export interface OpenedImage extends SourceImage {
  /** What compressing it with these options will hold at most, beside the source; an estimate. */
  memoryBytes: number;
}

export interface CompressedImage {
  bytes: Buffer;
  contentType: string;
  /** Without a dot. */
  extension: ObjectExtension;
  /** As viewers show it, one frame. */
  width: number;
  height: number;
  /** The pixels are the source's as it had compressed them; its metadata are gone. */
  keptOriginal: boolean;
}

// One libvips serves the whole process. Its threads do not help re-encoding, images side by side do; and no image comes
// twice, so there is nothing to cache.
sharp.concurrency(1);
sharp.cache(false);
// Each decoder is a surface to attack, and an SVG of 100 bytes can cost 6 s. From memory only: no image can name a file.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
});

/** Makes images smaller. Nothing else in the service knows sharp. */
@Injectable()
export class ImageCompressor {
  /**
   * Waiting for a thread does not count. Palette PNG, AVIF and mozjpeg collect the whole picture first and are not stopped
   * after that; 48 megapixels take them 7 to 12 s.
   */
  protected readonly timeLimitSeconds: number = 20;

  constructor(private readonly env: Env) {}

  /** Throws an ImageError for what is no image, of a kind we do not open, or too large to be decoded or written. */
  async open(bytes: Buffer, options: CompressOptions): Promise<OpenedImage> {
    const format = openableFormat(bytes);
    const header = await sharp(bytes, { limitInputPixels: false }).metadata().catch(throwAsImageError);
    const source = describe(bytes, format, header);
    refuseTooManyPixels(source, this.env.maxImagePixels);
    const plan = planOutput(source, options);
    refuseTooLongSides(plan);
    refuseTooMuchShrinking(source, plan);
    return { ...source, memoryBytes: estimateMemory(source, plan) };
  }

  /** Throws an ImageError when the image cannot be decoded, not within the time limit, or not be written. */
  async compress(image: OpenedImage, options: CompressOptions): Promise<CompressedImage> {
    const plan = planOutput(image, options);
    const { data, info } = await this.pipeline(image, plan, options)
      .toBuffer({ resolveWithObject: true })
      .catch(throwAsImageError);
    const original = keptOriginal(
      image,
      { bytes: data.length, format: plan.encoder.format, animated: plan.animated },
      options,
    );
    if (original && (await haveSameHeader(original, image.bytes))) {
      const { contentType, extension } = FORMATS[image.format];
      return { bytes: original, contentType, extension, ...uprightSize(image), keptOriginal: true };
    }
    const { contentType, extension } = FORMATS[plan.encoder.format];
    const height = info.pageHeight ?? info.height;
    return { bytes: data, contentType, extension, width: info.width, height, keptOriginal: false };
  }

  private pipeline(image: OpenedImage, { encoder, animated }: OutputPlan, options: CompressOptions): Sharp {
    const pipeline = sharp(image.bytes, {
      animated,
      // To libvips the frames are one tall picture; turning that would turn their order too.
      autoOrient: !animated,
      // Refuses what is cut short or fails a checksum, but not the stray bytes that harm nobody, as 'warning' does. Of the
      // 4,408 pictures found on a machine it refused one: an icon called .png.
      failOn: 'error',
      limitInputPixels: this.env.maxImagePixels,
    }).timeout({ seconds: this.timeLimitSeconds });
    pipeline.resize(options.maxWidth, options.maxHeight, { fit: 'inside', withoutEnlargement: true });
    // sharp turns 16-bit colours with a profile into Display P3, and leaves them so although the output does not say it.
    if (image.deepWithProfile) pipeline.withIccProfile('srgb', { attach: false });
    // Transparency would become black.
    if (encoder.format === 'jpeg') pipeline.flatten({ background: 'white' });
    return pipeline.toFormat(encoder.format, encoder.settings);
  }
}

/** The format of an image we open; throws an ImageError for all else. */
function openableFormat(bytes: Buffer): SourceFormat {
  const found = identifyImage(bytes);
  if (!found) {
    const what = isWebPage(bytes)
      ? 'The host sent a web page instead of an image.'
      : 'The file is not an image.';
    throw new ImageError('not_an_image', what);
  }
  if (typeof found === 'string') return found;
  throw new ImageError('unsupported_format', `${found.kind} images are not supported.`);
}

function describe(bytes: Buffer, format: SourceFormat, header: Metadata): SourceImage {
  const { width, height } = header;
  const pages = format === 'gif' || format === 'webp' ? (header.pages ?? 1) : 1;
  return {
    bytes,
    format,
    width,
    height,
    orientation: header.orientation ?? 1,
    pages,
    pixels: width * height * pages,
    interlaced: header.isProgressive,
    fullChroma: header.chromaSubsampling?.startsWith('4:4:4') ?? false,
    hasAlpha: header.hasAlpha,
    deepWithProfile: header.space === 'rgb16' && header.hasProfile,
  };
}

/** What a viewer goes by before it decodes. The resolution may have stood in the metadata that are gone. */
const HEADER_FIELDS = [
  'format',
  'width',
  'height',
  'orientation',
  'pages',
  'delay',
  'loop',
  'space',
  'channels',
  'depth',
  'hasAlpha',
  'hasProfile',
  'isProgressive',
] as const satisfies (keyof Metadata)[];

/** Whether libvips, too, finds the picture as it was after its metadata were cut out. */
export async function haveSameHeader(stripped: Buffer, source: Buffer): Promise<boolean> {
  const [one, other] = await Promise.all(
    [stripped, source].map((bytes) => sharp(bytes, { limitInputPixels: false }).metadata()),
  ).catch(() => []);
  if (!one || !other) return false;
  return HEADER_FIELDS.every((field) =>
    isDeepStrictEqual(headerValue(one, field), headerValue(other, field)),
  );
}

/** Upright is said, or not said at all. */
function headerValue(header: Metadata, field: (typeof HEADER_FIELDS)[number]): unknown {
  return field === 'orientation' ? (header.orientation ?? 1) : header[field];
}

function throwAsImageError(error: unknown): never {
  throw codecError(error);
}
