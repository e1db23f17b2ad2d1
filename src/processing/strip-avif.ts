import { avifItems } from './avif-items.js';
import { certain, type StrippedBytes } from './stripped-bytes.js';

const PLAIN = ['ftyp', 'meta', 'mdat'];
/** Length and type of a box. */
const BOX_HEADER = 8;
/** Items of these types hold metadata: XMP is of type `mime`. */
const METADATA_ITEM = /Exif|mime|uri /;

/**
 * The source itself when it is nothing but a picture, and its transparency, with no byte between or after them: its parts are
 * found by their place in the file, so none can be taken out without moving the others.
 */
export function stripAvif(bytes: Buffer, hasAlpha: boolean, kept: StrippedBytes): Buffer {
  let at = 0;
  let items: [from: number, to: number][] = [];
  let content = 0;
  for (const type of PLAIN) {
    certain(at + BOX_HEADER <= bytes.length && bytes.toString('latin1', at + 4, at + 8) === type);
    const end = at + bytes.readUInt32BE(at);
    content = at + BOX_HEADER;
    certain(end >= content && end <= bytes.length);
    if (type === 'meta') {
      certain(!METADATA_ITEM.test(bytes.toString('latin1', at, end)));
      items = avifItems(bytes.subarray(content, end), hasAlpha ? 2 : 1);
    }
    kept.keep(at, end);
    at = end;
  }
  for (const [from, to] of items.toSorted(([one], [other]) => one - other)) {
    certain(from === content);
    content = to;
  }
  certain(content === bytes.length);
  return kept.join();
}
