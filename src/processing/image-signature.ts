import type { SourceFormat } from './image-format.js';

/** An image for sure, but of a kind that is not opened. `kind` is its name as people write it. */
export interface ForeignImage {
  kind: string;
}

/** The file begins with `starts`, in Latin-1. */
interface Signature<Of> {
  of: Of;
  starts: string;
}

// Four bytes of PNG's eight: the others tell of a transfer as text, which makes a PNG damaged, not something else.
const OPENED: Signature<SourceFormat>[] = [
  { of: 'jpeg', starts: '\xff\xd8\xff' },
  { of: 'png', starts: '\x89PNG' },
  { of: 'gif', starts: 'GIF87a' },
  { of: 'gif', starts: 'GIF89a' },
  { of: 'tiff', starts: 'II*\0' },
  { of: 'tiff', starts: 'MM\0*' },
  { of: 'tiff', starts: 'II+\0' },
  { of: 'tiff', starts: 'MM\0+' },
];

// Kept closed for a reason each. A program or a document rather than a picture: SVG (100 bytes can cost 6 s), PDF, PostScript.
// No decoder in the libvips we ship: HEIC (patents), JPEG XL, JPEG 2000, JPEG XR, PSD, BMP, icons, OpenEXR, camera files.
const FOREIGN: Signature<string>[] = [
  { of: 'PDF', starts: '%PDF-' },
  { of: 'PostScript', starts: '%!PS' },
  { of: 'PSD', starts: '8BPS' },
  { of: 'ICO', starts: '\0\0\x01\0' },
  { of: 'ICO', starts: '\0\0\x02\0' },
  { of: 'JPEG XL', starts: '\xff\x0a' },
  { of: 'JPEG XL', starts: '\0\0\0\x0cJXL \r\n\x87\n' },
  { of: 'JPEG 2000', starts: '\0\0\0\x0cjP  \r\n\x87\n' },
  { of: 'JPEG 2000', starts: '\xff\x4f\xff\x51' },
  { of: 'JPEG XR', starts: 'II\xbc' },
  { of: 'OpenEXR', starts: '\x76\x2f\x31\x01' },
];

const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']);

/** What the bytes are, by their first ones and never by a name or a Content-Type; undefined when they are no image. */
export function identifyImage(bytes: Buffer): SourceFormat | ForeignImage | undefined {
  // Far more than any signature is long; an SVG may begin with a licence in a comment.
  const head = bytes.toString('latin1', 0, 4096);
  const opened = OPENED.find(({ starts }) => head.startsWith(starts));
  if (opened) return opened.of;
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  const brands = brandsOf(bytes);
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  if (brands.some((brand) => HEIC_BRANDS.has(brand))) return { kind: 'HEIC' };
  if (brands.includes('crx ')) return { kind: 'CR3' };
  // Two letters are too few: text may begin with them. The four bytes from 6 on are reserved and zero.
  if (head.startsWith('BM') && head.startsWith('\0\0\0\0', 6)) return { kind: 'BMP' };
  if (isSvg(head)) return { kind: 'SVG' };
  const foreign = FOREIGN.find(({ starts }) => head.startsWith(starts));
  return foreign && { kind: foreign.of };
}

/** The brands of an ISO media file (AVIF, HEIC, also films), the major one first; none of any other file. */
function brandsOf(bytes: Buffer): string[] {
  if (bytes.toString('latin1', 4, 8) !== 'ftyp') return [];
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  const brands = [bytes.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(bytes.toString('latin1', at, at + 4));
  return brands;
}

/** What comes from behind a login, or from a host that answers everything with its front page. */
export const isWebPage = (bytes: Buffer): boolean =>
  /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)[\s>]/i.test(bytes.toString('latin1', 0, 1024));

/** Whether the root element is `svg`: an HTML page that holds a drawing somewhere is no image. */
function isSvg(head: string): boolean {
  let rest = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  while (rest.startsWith('<?') || rest.startsWith('<!--')) {
    const close = rest.startsWith('<?') ? '?>' : '-->';
    const end = rest.indexOf(close);
    if (end < 0) return false;
    rest = rest.slice(end + close.length).trimStart();
  }
  return /^<(?:!DOCTYPE svg|(?:\w+:)?svg)[\s/>]/.test(rest);
}
