import { crc32 } from 'node:zlib';
import { orientationExif } from './orientation-exif.js';
import { isFrameChunk, PngFrames } from './png-frames.js';
import { certain, type StrippedBytes } from './stripped-bytes.js';

const SIGNATURE_LENGTH = 8;
/** Length, type and checksum. */
const CHUNK_OVERHEAD = 12;
/** Of the picture, in IHDR; its height follows. */
const WIDTH_AT = 16;
const PIXELS = 'IDAT';
const END = 'IEND';
/** What changes colours, and how many bytes it has: libpng passes over a chunk of any other length, and somebody else may not. */
const BEFORE_PIXELS: Record<string, (length: number) => boolean> = {
  IHDR: (length) => length === 13,
  PLTE: (length) => length <= 768,
  tRNS: (length) => length <= 256,
  gAMA: (length) => length === 4,
  cHRM: (length) => length === 32,
  sRGB: (length) => length === 1,
  cICP: (length) => length === 4,
  mDCV: (length) => length === 24,
  cLLI: (length) => length === 8,
  sBIT: (length) => length <= 4,
  pHYs: (length) => length === 9,
  iCCP: () => true,
};

/** The chunks that are seen: each once and before the pixels, which follow one another; and the frames of an animation. */
export function stripPng(bytes: Buffer, orientation: number, kept: StrippedBytes): Buffer {
  const seen = new Set<string>();
  let frames: PngFrames | undefined;
  let previous = '';
  let at = SIGNATURE_LENGTH;
  kept.keep(0, at);
  while (previous !== END) {
    certain(at + CHUNK_OVERHEAD <= bytes.length);
    const length = bytes.readUInt32BE(at);
    const end = at + CHUNK_OVERHEAD + length;
    certain(end <= bytes.length);
    const type = bytes.toString('latin1', at + 4, at + 8);
    certain((type === 'IHDR') === (seen.size === 0));
    if (type === PIXELS || type === END) {
      certain(type === PIXELS ? previous === PIXELS || !seen.has(PIXELS) : length === 0 && seen.has(PIXELS));
      kept.keep(at, end);
      seen.add(type);
    } else if (isFrameChunk(type)) {
      certain(crc32(bytes.subarray(at + 4, end - 4)) === bytes.readUInt32BE(end - 4));
      frames ??= new PngFrames(bytes.readUInt32BE(WIDTH_AT), bytes.readUInt32BE(WIDTH_AT + 4));
      frames.add(type, bytes.subarray(at + 8, end - 4), seen.has(PIXELS));
      kept.keep(at, end);
    } else if (Object.hasOwn(BEFORE_PIXELS, type)) {
      certain(!seen.has(type) && !seen.has(PIXELS) && BEFORE_PIXELS[type]!(length));
      certain(crc32(bytes.subarray(at + 4, end - 4)) === bytes.readUInt32BE(end - 4));
      kept.keep(at, end);
      seen.add(type);
      if (type === 'IHDR' && orientation > 1) kept.put(exifChunk(orientation));
    } else {
      certain(isAncillary(bytes[at + 4]!));
      kept.drop();
    }
    previous = type;
    at = end;
  }
  frames?.end();
  return kept.join();
}

/** Whether a chunk whose type begins so can be missing without harm. */
function isAncillary(first: number): boolean {
  return (first & 0x20) !== 0;
}

function exifChunk(orientation: number): Buffer {
  const exif = orientationExif(orientation);
  const chunk = Buffer.alloc(CHUNK_OVERHEAD + exif.length);
  chunk.writeUInt32BE(exif.length);
  chunk.write('eXIf', 4, 'latin1');
  exif.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), 8 + exif.length);
  return chunk;
}
