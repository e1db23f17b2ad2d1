import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { compressOptions, compressor } from '../../support/compression.js';
import { photo } from '../../support/pictures.js';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
const ftyp = (brand: string) => `\0\0\0\x10ftyp${brand}\0\0\0\0`;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Everything that libvips has a loader for in some build, as short as it can be, and what is told of it. */
const CLOSED: [kind: string, bytes: Buffer, code: string][] = [
  ['SVG', latin1(SVG), 'unsupported_format'],
  [
    'SVG after a licence',
    latin1(`<?xml version="1.0"?><!-- ${'x'.repeat(500)} -->${SVG}`),
    'unsupported_format',
  ],
  ['SVG beyond the first 4 KB', latin1(`<!-- ${'x'.repeat(5000)} -->${SVG}`), 'not_an_image'],
  ['SVG in UTF-16', Buffer.from(`\ufeff${SVG}`, 'utf16le'), 'not_an_image'],
  ['SVGZ', gzipSync(SVG), 'not_an_image'],
  ['PDF', latin1('%PDF-1.7\n1 0 obj\n'), 'unsupported_format'],
  ['PostScript', latin1('%!PS-Adobe-3.0\nshowpage\n'), 'unsupported_format'],
  [
    'MVG',
    latin1('push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 "/etc/passwd"\n'),
    'not_an_image',
  ],
  ['MSL', latin1('<image><read filename="/etc/passwd"/></image>'), 'not_an_image'],
  ['BMP', latin1('BM\x36\x10\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'), 'unsupported_format'],
  ['ICO', latin1('\0\0\x01\0\x01\0\x10\x10'), 'unsupported_format'],
  ['PSD', latin1('8BPS\0\x01\0\0\0\0\0\0\0\x03'), 'unsupported_format'],
  ['OpenEXR', latin1('\x76\x2f\x31\x01\x02\0\0\0'), 'unsupported_format'],
  ['FITS', latin1(`SIMPLE  =                    T${' '.repeat(50)}`), 'not_an_image'],
  [
    'Radiance HDR',
    latin1('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\x80\x80\x80\x80'),
    'not_an_image',
  ],
  ['PPM', latin1('P6\n1 1\n255\nabc'), 'not_an_image'],
  ['PFM', latin1(`PF\n1 1\n-1.0\n${'\0'.repeat(12)}`), 'not_an_image'],
  ['Analyze', latin1(`\x5c\x01\0\0${'\0'.repeat(344)}`), 'not_an_image'],
  ['NIfTI', latin1(`\x5c\x01\0\0${'\0'.repeat(340)}n+1\0`), 'not_an_image'],
  ['MATLAB', latin1(`MATLAB 5.0 MAT-file${' '.repeat(105)}\0\x01IM`), 'not_an_image'],
  ['matrix', latin1('3 3 1 0\n1 1 1\n1 1 1\n1 1 1\n'), 'not_an_image'],
  ['CSV', latin1('1,2\n3,4\n'), 'not_an_image'],
  ['VIPS', latin1(`\xb6\xa6\xf2\x08${'\0'.repeat(60)}`), 'not_an_image'],
  ['raw pixels', Buffer.alloc(48), 'not_an_image'],
  ['JPEG 2000', latin1('\0\0\0\x0cjP  \r\n\x87\n'), 'unsupported_format'],
  ['JPEG 2000 codestream', latin1('\xff\x4f\xff\x51\0\x2f'), 'unsupported_format'],
  ['JPEG XL', latin1('\xff\x0a\xfa\x7f'), 'unsupported_format'],
  ['JPEG XL container', latin1('\0\0\0\x0cJXL \r\n\x87\n'), 'unsupported_format'],
  ['JPEG XR', latin1('II\xbc\x01\x20\0\0\0'), 'unsupported_format'],
  ['HEIC', latin1(ftyp('heic')), 'unsupported_format'],
  ['CR3', latin1(ftyp('crx ')), 'unsupported_format'],
  ['CRW', latin1('II\x1a\0\0\0HEAPCCDR'), 'not_an_image'],
  ['ORF', latin1('IIRO\x08\0\0\0'), 'not_an_image'],
  ['RAF', latin1('FUJIFILMCCD-RAW 0201'), 'not_an_image'],
  ['RW2', latin1('IIU\0\x18\0\0\0'), 'not_an_image'],
  ['DICOM', latin1(`${'\0'.repeat(128)}DICM`), 'not_an_image'],
  ['UltraHDR text', latin1('ultrahdr'), 'not_an_image'],
  ['XPM', latin1('/* XPM */\nstatic char *x[] = {"1 1 1 1"};'), 'not_an_image'],
  ['a film', latin1(ftyp('isom')), 'not_an_image'],
  ['QOI', latin1('qoif\0\0\0\x01\0\0\0\x01\x04\0'), 'not_an_image'],
];

describe('what is closed', () => {
  it.each(CLOSED)('%s is refused by us', async (_kind, bytes, code) => {
    await expect(compressor.open(bytes, compressOptions())).rejects.toMatchObject({ code, transient: false });
  });

  // AVIF's loader would take HEIC; it has no decoder for what is inside.
  it.each(CLOSED.filter(([kind]) => kind !== 'HEIC'))(
    '%s has no loader in libvips either',
    async (_kind, bytes) => {
      await expect(sharp(bytes).metadata()).rejects.toThrow('contains unsupported image format');
    },
  );
});

describe('SVG behind the first bytes of another format', () => {
  it.each([
    ['JPEG', '\xff\xd8\xff'],
    ['PNG', '\x89PNG\r\n\x1a\n'],
    ['GIF', 'GIF89a'],
    ['GIF as text', 'GIF89a <!-- '],
    ['TIFF', 'II*\0'],
    ['WebP', 'RIFF\x40\0\0\0WEBP'],
    ['AVIF', ftyp('avif')],
  ])('%s is a corrupt_image', async (_format, start) => {
    const bytes = latin1(`${start}\n${SVG}`);

    await expect(compressor.open(bytes, compressOptions())).rejects.toMatchObject({ code: 'corrupt_image' });
  });
});

describe('files', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'halftone-'));
  });

  afterAll(() => rm(directory, { recursive: true }));

  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    '%s cannot be opened by name',
    async (format) => {
      const file = join(directory, `photo.${format}`);
      const bytes = await photo(8, 8).toFormat(format).toBuffer();
      await writeFile(file, bytes);

      await expect(sharp(file).metadata()).rejects.toThrow('contains unsupported image format');
      expect(await sharp(bytes).metadata()).toMatchObject({ width: 8 });
    },
  );

  // Of these, libvips has a loader in the build that we ship.
  it.each(['svg', 'v'])('%s cannot be opened by name', async (extension) => {
    const file = join(directory, `photo.${extension}`);
    if (extension === 'svg') await writeFile(file, SVG);
    else await photo(8, 8).toFile(file);

    await expect(sharp(file).metadata()).rejects.toThrow('contains unsupported image format');
  });
});
