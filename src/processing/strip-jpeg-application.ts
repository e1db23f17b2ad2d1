import { orientationExif } from './orientation-exif.js';
import { certain, type StrippedBytes } from './stripped-bytes.js';

/** The segments that are kept or written anew: JFIF, EXIF, a colour profile, Adobe's. */
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
/** Of a JFIF segment without a thumbnail; its last two bytes are the thumbnail's sides. */
const JFIF_LENGTH = 18;
/** Of Adobe's segment, which says whether four channels are CMYK or YCCK, and three RGB. */
const ADOBE_LENGTH = 16;

interface ApplicationSegments {
  /** Keeps the segment from `at` to `end`, drops it, or puts the part of it that is seen in its place. */
  take(marker: number, at: number, end: number): void;
  /** Whether the orientation is told. */
  readonly turned: boolean;
}

/** The application segments of a JPEG, of which all that changes colours or turns the picture stays. */
export function jpegApplicationSegment(
  bytes: Buffer,
  orientation: number,
  kept: StrippedBytes,
): ApplicationSegments {
  const seen = new Set<number>();
  let turned = orientation === 1;
  const once = (marker: number): void => {
    certain(!seen.has(marker));
    seen.add(marker);
  };
  return {
    get turned() {
      return turned;
    },
    take(marker, at, end) {
      const startsWith = (text: string): boolean =>
        bytes.toString('latin1', at + 4, Math.min(end, at + 4 + text.length)) === text;
      if (marker === APP0 && startsWith('JFIF\0')) {
        // Without it, components named R, G and B would be taken for these.
        once(marker);
        kept.put(shortened(bytes.subarray(at, end), JFIF_LENGTH).fill(0, JFIF_LENGTH - 2));
      } else if (marker === APP14 && startsWith('Adobe')) {
        once(marker);
        kept.put(shortened(bytes.subarray(at, end), ADOBE_LENGTH));
      } else if (marker === APP2 && startsWith('ICC_PROFILE\0')) {
        kept.keep(at, end);
      } else if (marker === APP1 && startsWith('Exif\0') && !turned) {
        kept.put(exifSegment(orientation));
        turned = true;
      } else {
        kept.drop();
      }
    },
  };
}

/** A segment's first bytes, with a length that says so. */
function shortened(segment: Buffer, length: number): Buffer {
  certain(segment.length >= length);
  const short = Buffer.from(segment.subarray(0, length));
  short.writeUInt16BE(length - 2, 2);
  return short;
}

function exifSegment(orientation: number): Buffer {
  const exif = orientationExif(orientation);
  return Buffer.concat([Buffer.from([0xff, APP1, 0, 2 + 6 + exif.length]), Buffer.from('Exif\0\0'), exif]);
}
