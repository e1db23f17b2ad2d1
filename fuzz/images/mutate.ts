import { deflateSync, inflateSync } from 'node:zlib';
import type { Random } from '../../faults/random.js';
import type { Fixture } from './fixtures.js';
import { isGif, isJpeg, isPng, join, partsOf, pngChunk } from './parts.js';

type Mutator = (bytes: Buffer, random: Random, others: Fixture[]) => Buffer;

/** Where lengths, counts and sizes turn over, by the number of their bytes. */
const EXTREMES: Record<1 | 2 | 4, number[]> = {
  1: [0, 1, 0x7f, 0x80, 0xff],
  2: [0, 1, 0x7fff, 0x8000, 0xffff, 16_384, 65_500],
  4: [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0, 65_500, 1_000_000],
};
/** Most of what steers a decoder stands here. */
const HEADER = 160;

const MUTATORS: Record<string, Mutator> = {
  bits: (bytes, random) => {
    const flipped = Buffer.from(bytes);
    for (let left = random.integer(1, 16); left > 0; left -= 1) {
      flipped[place(bytes, random)]! ^= 1 << random.integer(0, 7);
    }
    return flipped;
  },
  run: (bytes, random) => {
    const changed = Buffer.from(bytes);
    const [from, to] = range(bytes, random);
    const value = random.pick([0, 0xff, -1]);
    for (let at = from; at < to; at += 1) changed[at] = value < 0 ? random.integer(0, 255) : value;
    return changed;
  },
  extreme: (bytes, random) => extreme(bytes, place(bytes, random), random),
  'header extreme': (bytes, random) =>
    extreme(bytes, random.integer(0, Math.min(HEADER, bytes.length) - 1), random),
  // The checksum is made right afterwards, so a PNG is taken at its word.
  'field extreme': (bytes, random) =>
    changePart(bytes, random, (part) => extreme(part, place(part, random), random)),
  truncate: (bytes, random) => bytes.subarray(0, random.integer(0, bytes.length - 1)),
  remove: (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  repeat: (bytes, random) => {
    const [from, to] = range(bytes, random);
    const repeated = Array<Buffer>(random.integer(1, 20)).fill(bytes.subarray(from, to));
    return Buffer.concat([bytes.subarray(0, to), ...repeated, bytes.subarray(to)]);
  },
  'drop part': (bytes, random) => {
    const parts = partsOf(bytes);
    return join(parts.toSpliced(random.integer(1, parts.length - 1), 1));
  },
  'repeat part': (bytes, random) => {
    const parts = partsOf(bytes);
    const repeated = Array<Buffer>(random.pick([1, 1, 2, 50])).fill(random.pick(parts));
    return join(parts.toSpliced(random.integer(1, parts.length), 0, ...repeated));
  },
  'move part': (bytes, random) => {
    const parts = partsOf(bytes);
    const [moved] = parts.splice(random.integer(0, parts.length - 1), 1);
    return join(parts.toSpliced(random.integer(0, parts.length), 0, moved!));
  },
  'change part': (bytes, random) =>
    changePart(bytes, random, (part) => MUTATORS[random.pick(['bits', 'run'])]!(part, random, [])),
  'foreign part': (bytes, random, others) => {
    const parts = partsOf(bytes);
    const foreign = random.pick(partsOf(random.pick(others).bytes));
    return join(parts.toSpliced(random.integer(1, parts.length), 0, foreign));
  },
  // What some decoders pass over, and others read as the beginning of something.
  stray: (bytes, random) => {
    const parts = partsOf(bytes);
    if (isGif(bytes)) return strayExtension(bytes, random);
    if (!isJpeg(bytes)) return MUTATORS['repeat part']!(bytes, random, []);
    return join(parts.toSpliced(random.integer(1, parts.length), 0, random.pick(STRAY_MARKERS)));
  },
  splice: (bytes, random, others) => {
    const tail = random.pick(others).bytes;
    const from = random.integer(0, tail.length - 1);
    return Buffer.concat([bytes.subarray(0, random.integer(1, bytes.length)), tail.subarray(from)]);
  },
  // Behind deflate's own checksum lie the filters and the pixels of a PNG.
  pixels: (bytes, random) => {
    if (!isPng(bytes)) return MUTATORS['change part']!(bytes, random, []);
    const parts = partsOf(bytes);
    const isPixels = (part: Buffer): boolean => part.toString('latin1', 4, 8) === 'IDAT';
    const pixels = inflateSync(Buffer.concat(parts.filter(isPixels).map((part) => part.subarray(8, -4))));
    const changed = MUTATORS[random.pick(['bits', 'run', 'remove', 'truncate'])]!(pixels, random, []);
    const chunk = pngChunk('IDAT', deflateSync(changed));
    const first = parts.findIndex(isPixels);
    return join([...parts.slice(0, first), chunk, ...parts.slice(first).filter((part) => !isPixels(part))]);
  },
};

/** A fill byte, a marker without a length, a restart, a number of lines that is not told. */
const STRAY_MARKERS = ['\xff', '\xff\x01', '\xff\xd0', '\xff\xdc\0\x02'].map((marker) =>
  Buffer.from(marker, 'latin1'),
);

/** A GIF with an extension of no content where a block may begin. */
function strayExtension(bytes: Buffer, random: Random): Buffer {
  const places = [...bytes.keys()].filter((at) => at > 12 && bytes[at - 1] === 0 && isBlock(bytes[at]!));
  const at = places.length > 0 ? random.pick(places) : bytes.length - 1;
  const extension = Buffer.from([0x21, random.pick([0xf9, 0xff, 0xfe, 0x01, 0]), 0]);
  return Buffer.concat([bytes.subarray(0, at), extension, bytes.subarray(at)]);
}

function isBlock(first: number): boolean {
  return first === 0x21 || first === 0x2c || first === 0x3b;
}

/** What was done to an input, and what became of it. */
export interface Mutant {
  /** The names of the mutators, in their order. */
  how: string[];
  bytes: Buffer;
}

/** One to three mutations, one on the other. */
export function mutate({ bytes }: Fixture, random: Random, others: Fixture[]): Mutant {
  const how: string[] = [];
  let changed = bytes;
  for (let left = random.pick([1, 1, 2, 3]); left > 0 && changed.length > HEADER; left -= 1) {
    const name = random.pick(how.length === 0 ? Object.keys(MUTATORS) : SIMPLE);
    changed = MUTATORS[name]!(changed, random, others);
    how.push(name);
  }
  return { how, bytes: changed };
}

/** These take any bytes; the others need the parts of a whole file. */
const SIMPLE = ['bits', 'run', 'extreme', 'header extreme', 'truncate', 'remove', 'repeat', 'splice'];

/** Anywhere, half the time in the header. */
function place(bytes: Buffer, random: Random): number {
  const end = random.pick([bytes.length, Math.min(HEADER, bytes.length)]);
  return random.integer(0, end - 1);
}

/** Some bytes in a row, mostly few. */
function range(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = place(bytes, random);
  const longest = random.pick([4, 16, 64, bytes.length]);
  return [from, Math.min(bytes.length, from + random.integer(1, longest))];
}

function extreme(bytes: Buffer, at: number, random: Random): Buffer {
  const size = random.pick([1, 2, 4] as const);
  if (at + size > bytes.length) return bytes;
  const changed = Buffer.from(bytes);
  const value = random.pick(EXTREMES[size]);
  if (random.integer(0, 1) === 0) changed.writeUIntBE(value, at, size);
  else changed.writeUIntLE(value, at, size);
  return changed;
}

function changePart(bytes: Buffer, random: Random, change: (part: Buffer) => Buffer): Buffer {
  const parts = partsOf(bytes);
  const at = random.integer(0, parts.length - 1);
  return join(parts.with(at, change(parts[at]!)));
}
