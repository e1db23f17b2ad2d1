/**
 * Parts walked at most, whether they stay or go: a million of four bytes would hold the process up for a second. A JPEG has
 * under a hundred segments, a PNG of 30 MiB some 4,000 chunks of pixels, a GIF two blocks a frame.
 */
const MOST_PARTS = 10_000;

/**
 * A structure that decoders might read in more than one way, or more bytes than are wanted. One for all: it is thrown for
 * nearly every image that became smaller, and to make an Error with its stack takes longer than to find that out.
 */
export const NOT_STRIPPED = new Error('The file cannot be stripped for sure.');

/** Throws NOT_STRIPPED when a file is not built as every decoder expects. */
export function certain(holds: boolean): asserts holds {
  if (!holds) throw NOT_STRIPPED;
}

/** What stays of a file, while its parts are walked from the first to the last. All methods throw NOT_STRIPPED. */
export class StrippedBytes {
  private readonly pieces: Buffer[] = [];
  // The range that is not among the pieces yet: neighbours that stay become one piece.
  private from = 0;
  private to = 0;
  private parts = 0;
  /** Bytes that may still be kept. */
  room: number;

  constructor(
    private readonly source: Buffer,
    atMost: number,
  ) {
    this.room = atMost;
  }

  /** The part of the source from here to there stays. */
  keep(from: number, to: number): void {
    certain(to <= this.source.length);
    this.count(to - from);
    if (from !== this.to) {
      this.endPiece();
      this.from = from;
    }
    this.to = to;
  }

  /** Bytes that the source does not have, or not so. */
  put(bytes: Buffer): void {
    this.count(bytes.length);
    this.endPiece();
    this.pieces.push(bytes);
  }

  /** A part goes. */
  drop(): void {
    this.count(0);
  }

  /** All that stays; a copy. */
  join(): Buffer {
    this.endPiece();
    return Buffer.concat(this.pieces);
  }

  private count(bytes: number): void {
    this.parts += 1;
    this.room -= bytes;
    certain(this.parts <= MOST_PARTS && this.room >= 0);
  }

  private endPiece(): void {
    if (this.to > this.from) this.pieces.push(this.source.subarray(this.from, this.to));
    this.from = this.to;
  }
}
