import { deflateSync } from 'node:zlib';
import { pngChunk } from './parts.js';

/** The still PNG, of three channels, as the first frame of an animated one, which sharp cannot write; the second is black. */
export function withSecondFrame(still: Buffer, width: number, height: number): Buffer {
  const second = deflateSync(Buffer.alloc((width * 3 + 1) * height));
  return Buffer.concat([
    still.subarray(0, 33),
    pngChunk('acTL', uint32(2, 0)),
    pngChunk('fcTL', frameControl(0, width, height)),
    still.subarray(33, -12),
    pngChunk('fcTL', frameControl(1, width, height)),
    pngChunk('fdAT', Buffer.concat([uint32(2), second])),
    still.subarray(-12),
  ]);
}

function frameControl(sequence: number, width: number, height: number): Buffer {
  const delay = Buffer.from([0, 100, 3, 232]);
  const disposeAndBlend = Buffer.alloc(2);
  return Buffer.concat([uint32(sequence, width, height, 0, 0), delay, disposeAndBlend]);
}

/** Numbers as PNG writes them. */
export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}
