import { orientationExif } from './orientation-exif.js';
import { certain, type StrippedBytes } from './stripped-bytes.js';

/** `RIFF`, the length of the rest, `WEBP`. */
const HEADER_LENGTH = 12;
/** Before a frame's own chunks: its place, size and duration. */
const FRAME_HEADER_LENGTH = 16;
const IMAGES = new Set(['VP8 ', 'VP8L']);
/** The chunks that are seen, in their order; of frames there are many. */
const ORDER = ['VP8X', 'ICCP', 'ANIM', 'ALPH', 'VP8 ', 'VP8L', 'ANMF'];
const LENGTHS: Record<string, number> = { VP8X: 10, ANIM: 6 };
/** Flags of `VP8X`: what the file holds. */
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;

/** The chunks that are seen, each in its place and no longer than it may be. */
export function stripWebp(bytes: Buffer, orientation: number, kept: StrippedBytes): Buffer {
  certain(bytes.length >= HEADER_LENGTH);
  const end = 8 + bytes.readUInt32LE(4);
  certain(end <= bytes.length);
  const seen = new Set<string>();
  let latest = -1;
  let at = HEADER_LENGTH;
  kept.keep(0, at);
  while (at < end) {
    const { type, length, next } = chunkAt(bytes, at, end);
    const place = ORDER.indexOf(type);
    if (place < 0) {
      certain(latest >= 0);
      kept.drop();
    } else {
      certain(place > latest || (type === 'ANMF' && latest === place));
      certain(latest >= 0 || type === 'VP8X' || IMAGES.has(type));
      // Either one picture or frames.
      certain(
        type === 'ANMF' ? seen.has('ANIM') : !IMAGES.has(type) || !(seen.has('ANIM') || seen.has('VP8 ')),
      );
      certain((LENGTHS[type] ?? length) === length);
      if (type === 'ANMF') checkFrame(bytes, at + 8, at + 8 + length);
      if (type === 'VP8X') kept.put(withFlags(bytes.subarray(at, next), orientation));
      else kept.keep(at, next);
      seen.add(type);
      latest = place;
    }
    at = next;
  }
  certain(latest >= ORDER.indexOf('VP8 '));
  if (orientation > 1) {
    certain(seen.has('VP8X'));
    kept.put(exifChunk(orientation));
  }
  const stripped = kept.join();
  stripped.writeUInt32LE(stripped.length - 8, 4);
  return stripped;
}

/** Chunks begin at even bytes; what fills the gap is zero. */
function chunkAt(bytes: Buffer, at: number, end: number): { type: string; length: number; next: number } {
  certain(at + 8 <= end);
  const length = bytes.readUInt32LE(at + 4);
  const next = at + 8 + length + (length % 2);
  certain(next <= end && (length % 2 === 0 || bytes[next - 1] === 0));
  return { type: bytes.toString('latin1', at, at + 4), length, next };
}

/** A frame is one picture, with or without transparency of its own, and nothing more. */
function checkFrame(bytes: Buffer, from: number, end: number): void {
  let chunk = chunkAt(bytes, from + FRAME_HEADER_LENGTH, end);
  if (chunk.type === 'ALPH') chunk = chunkAt(bytes, chunk.next, end);
  certain(IMAGES.has(chunk.type) && chunk.next === end);
}

function withFlags(vp8x: Buffer, orientation: number): Buffer {
  const changed = Buffer.from(vp8x);
  changed[8]! &= ~(EXIF_FLAG | XMP_FLAG);
  if (orientation > 1) changed[8]! |= EXIF_FLAG;
  return changed;
}

function exifChunk(orientation: number): Buffer {
  const exif = orientationExif(orientation);
  const head = Buffer.from('EXIF\0\0\0\0', 'latin1');
  head.writeUInt32LE(exif.length, 4);
  return Buffer.concat([head, exif]);
}
