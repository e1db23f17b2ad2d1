import { certain } from './stripped-bytes.js';

/** Version and flags, with which `meta` and `iloc` begin. */
const VERSION_LENGTH = 4;
/** What describes a picture and its transparency. Nothing else is decoded. */
const DESCRIPTIONS = new Set(['hdlr', 'pitm', 'iloc', 'iinf', 'iprp', 'iref']);

/**
 * Where in the file the bytes of an AVIF's items stand, as the content of its `meta` box says. Throws NOT_STRIPPED unless there
 * are `count` items, and for what the box need not hold.
 */
export function avifItems(meta: Buffer, count: number): [from: number, to: number][] {
  const seen = new Set<string>();
  let places: [from: number, to: number][] = [];
  let at = VERSION_LENGTH;
  while (at < meta.length) {
    certain(at + 8 <= meta.length);
    const end = at + meta.readUInt32BE(at);
    const type = meta.toString('latin1', at + 4, at + 8);
    certain(end >= at + 8 && end <= meta.length && DESCRIPTIONS.has(type) && !seen.has(type));
    if (type === 'iloc') places = itemLocations(meta.subarray(at + 8, end), count);
    seen.add(type);
    at = end;
  }
  return places;
}

/** Of the content of an `iloc` box. */
function itemLocations(box: Buffer, count: number): [from: number, to: number][] {
  let at = 0;
  const number = (size: number): number => {
    certain(size <= 6 && at + size <= box.length);
    const value = size === 0 ? 0 : box.readUIntBE(at, size);
    at += size;
    return value;
  };
  const version = number(1);
  certain(version <= 2);
  number(VERSION_LENGTH - 1);
  const sizes = [number(1), number(1)].flatMap((pair) => [pair >> 4, pair & 15]);
  const [offsetSize, lengthSize, baseSize, indexSize] = sizes as [number, number, number, number];
  const places: [from: number, to: number][] = [];
  certain(number(version < 2 ? 2 : 4) === count);
  for (let item = 0; item < count; item += 1) {
    number(version < 2 ? 2 : 4); // its name
    // In the file itself, in one extent.
    certain(version === 0 || number(2) === 0);
    certain(number(2) === 0);
    const base = number(baseSize);
    certain(number(2) === 1);
    if (version > 0) number(indexSize);
    const from = base + number(offsetSize);
    places.push([from, from + number(lengthSize)]);
  }
  certain(at === box.length);
  return places;
}
