import { identifyImage, isWebPage } from '../../../src/processing/image-signature.js';

const identify = (text: string) => identifyImage(Buffer.from(text, 'latin1'));
const ftyp = (major: string, ...compatible: string[]) =>
  `\0\0\0${String.fromCharCode(16 + 4 * compatible.length)}ftyp${major}\0\0\0\0${compatible.join('')}`;

it.each([
  ['jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['png', '\x89PNG\n\x1a\n'],
  ['webp', 'RIFF\x10\0\0\0WEBPVP8 '],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['tiff', 'II*\0\x08\0\0\0'],
  ['tiff', 'MM\0*\0\0\0\x08'],
  ['tiff', 'II+\0\x08\0\0\0'],
  ['avif', ftyp('avif', 'mif1', 'miaf')],
  ['avif', ftyp('mif1', 'miaf', 'avif')],
])('opens %s: %j', (format, head) => {
  expect(identify(head)).toBe(format);
});

it.each([
  ['HEIC', ftyp('heic', 'mif1')],
  ['HEIC', ftyp('mif1', 'heic')],
  ['CR3', ftyp('crx ', 'isom')],
  ['BMP', 'BM\x36\x10\0\0\0\0\0\0'],
  ['ICO', '\0\0\x01\0\x03\0'],
  ['PDF', '%PDF-1.7\n'],
  ['PostScript', '%!PS-Adobe-3.0 EPSF-3.0'],
  ['PSD', '8BPS\0\x01'],
  ['JPEG XL', '\xff\x0a\xfa'],
  ['JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['JPEG 2000', '\xff\x4f\xff\x51'],
  ['JPEG XR', 'II\xbc\x01'],
  ['OpenEXR', '\x76\x2f\x31\x01'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ['SVG', '\xef\xbb\xbf  <?xml version="1.0"?>\n<!-- a > b -->\n<svg>'],
  ['SVG', '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y" [ <!ENTITY ns "z"> ]><svg>'],
  ['SVG', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg">'],
])('knows %s and does not open it: %j', (kind, head) => {
  expect(identify(head)).toEqual({ kind });
});

it.each([
  [''],
  ['\0'],
  ['\xff\xd8'],
  ['GIF'],
  ['RIFF\x10\0\0\0WAVE'],
  ['RIFTxxxxWEBP'],
  ['BMW builds cars'],
  ['<!DOCTYPE html><svg></svg>'],
  ['<html><body><svg/></body></html>'],
  ['<!-- <svg> '],
  ['<svgs>'],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
  ['{"image": "\x89PNG"}'],
  [ftyp('isom', 'mp42')],
  ['\0\0\0\x10ftyp'],
  ['PK\x03\x04'],
])('is no image: %j', (head) => {
  expect(identify(head)).toBeUndefined();
});

it('looks at the beginning only', () => {
  const page = `<!--${' '.repeat(1_000_000)}--><svg>`;

  expect(identify(page)).toBeUndefined();
});

it.each([
  [true, '<!DOCTYPE html><html>'],
  [true, '\xef\xbb\xbf\r\n  <html lang="en">'],
  [true, '<HEAD>'],
  [false, '<svg xmlns="http://www.w3.org/2000/svg">'],
  [false, '<htmlish>'],
  [false, 'see <html>'],
])('%s: a web page begins with %j', (expected, head) => {
  expect(isWebPage(Buffer.from(head, 'latin1'))).toBe(expected);
});
