/**
 * Parts walked at most, whether they stay or go: a million of four bytes would hold the process up for a second. A JPEG has
 * under a hundred segments, a PNG of 30 MiB some 4,000 chunks of pixels, a GIF two blocks a frame.
 */
const MOST_PARTS = 10_000;

/** A structure that decoders might read in more than one way, or more bytes than are wanted. */
export class NotStripped extends Error {}

/** Throws NotStripped when a file is not built as every decoder expects. */
export function certain(holds: boolean): asserts holds {
  if (!holds) throw new NotStripped();
}

/** What stays of a file, while its parts are walked from the first to the last. All methods throw NotStripped. */
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
