import { crc32 } from 'node:zlib';

/** A file cut where its format cuts it: in chunks, segments, boxes or blocks. Joined, they are the file again. */
export type Parts = Buffer[];

/** The parts of a file of these formats; the whole as one part when it has none, or none that can be told. */
export function partsOf(bytes: Buffer): Parts {
  if (isPng(bytes)) return cut(bytes, 8, (at) => 12 + bytes.readUInt32BE(at));
  if (bytes.toString('latin1', 0, 4) === 'RIFF') {
    return cut(bytes, 12, (at) => 8 + even(bytes.readUInt32LE(at + 4)));
  }
  if (bytes.toString('latin1', 4, 8) === 'ftyp') return cut(bytes, 0, (at) => bytes.readUInt32BE(at));
  if (isJpeg(bytes)) return cut(bytes, 2, (at) => 2 + bytes.readUInt16BE(at + 2));
  return cut(bytes, 0, () => Math.ceil(bytes.length / 12));
}

/** The file again. A PNG's checksums are made right, or else its decoder would look no further. */
export function join(parts: Parts): Buffer {
  if (!isPng(parts[0]!)) return Buffer.concat(parts);
  return Buffer.concat(parts.map((part, index) => (index === 0 ? part : withChecksum(part))));
}

export function isPng(bytes: Buffer): boolean {
  return bytes.toString('latin1', 1, 4) === 'PNG';
}

export function isJpeg(bytes: Buffer): boolean {
  return bytes.readUInt16BE(0) === 0xffd8;
}

export function isGif(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 3) === 'GIF';
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  return withChecksum(chunk);
}

function withChecksum(chunk: Buffer): Buffer {
  if (chunk.length < 12) return chunk;
  const checked = Buffer.from(chunk);
  checked.writeUInt32BE(crc32(checked.subarray(4, -4)), checked.length - 4);
  return checked;
}

/** A head of `first` bytes, then parts of the length that `lengthAt` tells, the last with all that is left. */
function cut(bytes: Buffer, first: number, lengthAt: (at: number) => number): Parts {
  const parts: Parts = first > 0 ? [bytes.subarray(0, first)] : [];
  let at = first;
  while (at + 8 < bytes.length) {
    const length = Math.max(4, lengthAt(at));
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) parts.push(bytes.subarray(at));
  return parts;
}

function even(length: number): number {
  return length + (length % 2);
}
