import { certain } from './stripped-bytes.js';

/** Chunks of an animated PNG (PNG 3rd edition, 11.3.6). */
const FRAME_CHUNKS = new Set(['acTL', 'fcTL', 'fdAT']);
const CONTROL_LENGTH = 26;

export const isFrameChunk = (type: string): boolean => FRAME_CHUNKS.has(type);

/** Whether a PNG moves: its `acTL` must come before the pixels. Decoders of still PNGs, as libvips is, see the first frame only. */
export function isAnimatedPng(bytes: Buffer): boolean {
  const chunkOverhead = 12;
  let offset = 8;
  while (offset + chunkOverhead <= bytes.length) {
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
    offset += chunkOverhead + bytes.readUInt32BE(offset);
  }
  return false;
}

/**
 * Holds the frames of a PNG to what the standard says of them, chunk by chunk: as many as announced, numbered through, each
 * within the picture and with content. Their pixels are not decoded: viewers do that, as of the source. All methods
 * throw NOT_STRIPPED.
 */
export class PngFrames {
  private announced: number | undefined;
  private controls = 0;
  private sequence = 0;
  private filled = true;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  /** The next chunk; `hasPixels`: those of the picture itself have come. */
  add(type: string, content: Buffer, hasPixels: boolean): void {
    if (type === 'acTL') {
      certain(this.announced === undefined && !hasPixels && content.length === 8);
      this.announced = content.readUInt32BE(0);
      return;
    }
    certain(this.announced !== undefined && content.length >= 4 && content.readUInt32BE(0) === this.sequence);
    this.sequence += 1;
    if (type === 'fcTL') this.addControl(content, hasPixels);
    else {
      certain(hasPixels && this.controls > 0 && content.length > 4);
      this.filled = true;
    }
  }

  end(): void {
    certain(this.filled && (this.announced === undefined || this.announced === this.controls));
  }

  private addControl(content: Buffer, hasPixels: boolean): void {
    // One before the pixels is that of the picture itself, which then is the first frame.
    certain(content.length === CONTROL_LENGTH && this.filled && (hasPixels || this.controls === 0));
    const [width, height, x, y] = [4, 8, 12, 16].map((at) => content.readUInt32BE(at)) as [
      number,
      number,
      number,
      number,
    ];
    certain(width > 0 && height > 0 && x + width <= this.width && y + height <= this.height);
    this.controls += 1;
    this.filled = !hasPixels;
  }
}
