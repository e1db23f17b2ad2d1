import { NotText, refuseBinary } from '../../../src/upload/binary-file.js';

/** The first bytes, then text. */
const file = (...start: number[]) =>
  Buffer.concat([Buffer.from(start), Buffer.from(' and so on, '.repeat(20))]);

describe('refuseBinary', () => {
  it.each([
    ['an Excel workbook', file(0x50, 0x4b, 0x03, 0x04)],
    ['an old Excel workbook', file(0xd0, 0xcf, 0x11, 0xe0)],
    ['a PDF', Buffer.from('%PDF-1.7')],
    ['a gzip archive', file(0x1f, 0x8b)],
    ['a JPEG image', file(0xff, 0xd8, 0xff)],
    ['a PNG image', file(0x89, 0x50, 0x4e, 0x47)],
    ['a GIF image', Buffer.from('GIF89a')],
    ['a binary file', Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 167) % 256))],
    ['a binary file', Buffer.from('Name,Image\nUTF-16 without a byte order mark', 'utf16le')],
  ])('refuses %s, with the advice to save it as CSV', (kind, bytes) => {
    expect(() => refuseBinary(bytes, false)).toThrow(NotText);
    expect(() => refuseBinary(bytes, false)).toThrow(new RegExp(`is ${kind}.*Save the table as CSV`));
  });

  it.each([
    ['no bytes', Buffer.alloc(0), false],
    ['text', Buffer.from('PK,Name\r\n\t1\f,"é"\n'), false],
    ['text with a stray NUL', Buffer.from('S. No.,Product Name,Image\n1,a\0b'), false],
    ['a short text with many control characters', Buffer.from('Name,Image\n\x01\x02\x03\x0e'), false],
    ['UTF-16', Buffer.from('\uFEFFName,Image', 'utf16le'), true],
  ])('takes %s', (_, bytes, hasByteOrderMark) => {
    expect(() => refuseBinary(bytes, hasByteOrderMark)).not.toThrow();
  });
});
