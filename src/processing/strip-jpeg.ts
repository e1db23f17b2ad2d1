import { jpegApplicationSegment } from './strip-jpeg-application.js';
import { certain, NOT_STRIPPED, type StrippedBytes } from './stripped-bytes.js';

const SOI_LENGTH = 2;
const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;
/** Baseline, extended and progressive: the frames that libjpeg-turbo decodes. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** Huffman tables, quantisation tables, the restart interval. */
const TABLES = new Set([0xc4, 0xdb, 0xdd]);

/**
 * Tables and pixels, and of the application segments those that change the colours. One frame; no fill bytes and no marker
 * without a length between segments, for some decoders skip them and others take what follows for a length.
 */
export function stripJpeg(bytes: Buffer, orientation: number, kept: StrippedBytes): Buffer {
  const application = jpegApplicationSegment(bytes, orientation, kept);
  let components = 0;
  let scans = 0;
  // The first scan of a frame that is not progressive can be the whole picture: nobody decodes a second one.
  let whole = false;
  let at = SOI_LENGTH;
  kept.keep(0, at);
  for (let marker = markerAt(bytes, at); marker !== EOI; marker = markerAt(bytes, at)) {
    certain(at + 4 <= bytes.length);
    const length = bytes.readUInt16BE(at + 2);
    let end = at + 2 + length;
    certain(length >= 2 && end <= bytes.length);
    if (marker === COM || (marker >= 0xe0 && marker <= 0xef)) {
      if (scans > 0 || marker === COM) kept.drop();
      else application.take(marker, at, end);
    } else {
      certain(length > 2 && !whole);
      if (marker === SOS) {
        certain(components > 0);
        scans += 1;
        whole = bytes[at + 4] === components;
        end = endOfScan(bytes, end, kept.room);
      } else if (FRAMES.has(marker)) {
        certain(components === 0 && length > 8);
        components = marker === 0xc2 ? Infinity : bytes[at + 9]!;
      } else {
        certain(TABLES.has(marker));
      }
      kept.keep(at, end);
    }
    at = end;
  }
  certain(scans > 0 && application.turned);
  kept.keep(at, at + 2);
  return kept.join();
}

function markerAt(bytes: Buffer, at: number): number {
  certain(at + 2 <= bytes.length && bytes[at] === 0xff);
  return bytes[at + 1]!;
}

/** Where the next segment begins: in a scan, `ff` stands before a zero or a restart marker only. */
function endOfScan(bytes: Buffer, from: number, room: number): number {
  const last = Math.min(bytes.length - 2, from + room);
  // A native search would be called for each of up to 16 million `ff 00`, and take three times as long as this in all.
  for (let at = from; at <= last; at += 1) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1]!;
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
    at += 1;
  }
  throw NOT_STRIPPED;
}
