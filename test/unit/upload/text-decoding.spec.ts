import { Readable } from 'node:stream';
import {
  decodeText,
  encodingOfByteOrderMark,
  InvalidEncoding,
  type CsvEncoding,
} from '../../../src/upload/text-decoding.js';

async function decode(bytes: Buffer, encoding: CsvEncoding, lenient?: boolean): Promise<string> {
  const single = Readable.from(Array.from(bytes, (byte) => Buffer.of(byte)));
  let text = '';
  for await (const piece of decodeText(single, encoding, lenient)) text += piece;
  return text;
}

const TEXT = 'é€🪑\uFEFFz';
const utf16le = Buffer.from(`\uFEFF${TEXT}`, 'utf16le');

describe('decodeText', () => {
  it.each([
    ['utf-8', Buffer.from(TEXT)],
    ['utf-8', Buffer.from(`\uFEFF${TEXT}`)],
    ['utf-16le', utf16le],
    ['utf-16be', Buffer.from(utf16le).swap16()],
  ] as const)('decodes %s byte by byte, without the byte order mark', async (encoding, bytes) => {
    expect(await decode(bytes, encoding)).toBe(TEXT);
  });

  it('decodes every byte of Windows-1252', async () => {
    const high = Buffer.from(Array.from({ length: 128 }, (_, n) => 0x80 + n));
    const text = await decode(high, 'windows-1252');
    expect(text.slice(0, 32)).toBe('€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ');
    expect(text.slice(32)).toBe(high.subarray(32).toString('latin1'));
  });

  it.each([
    ['utf-8', [0x61, 0xe9, 0x62]],
    ['utf-8', [0x61, 0xe2, 0x82]],
    ['utf-16le', [0x61, 0x00, 0x3d, 0xd8, 0x62, 0x00]],
    ['utf-16le', [0x61, 0x00, 0x62]],
  ] as const)('refuses broken %s %j, or marks it with a NUL', async (encoding, bytes) => {
    await expect(decode(Buffer.from(bytes), encoding)).rejects.toThrow(InvalidEncoding);
    expect(await decode(Buffer.from(bytes), encoding, true)).toMatch(/^a\0/);
  });

  it('passes on what goes wrong with the stream itself', async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error('disk gone'));
      },
    });
    await expect(decodeText(failing, 'utf-8').next()).rejects.toThrow('disk gone');
  });
});

describe('encodingOfByteOrderMark', () => {
  it.each([
    [[0xef, 0xbb, 0xbf, 0x61], 'utf-8'],
    [[0xff, 0xfe, 0x61, 0x00], 'utf-16le'],
    [[0xfe, 0xff, 0x00, 0x61], 'utf-16be'],
    [[0x61, 0x62, 0x63], undefined],
    [[], undefined],
  ])('of %j is %s', (bytes, encoding) => {
    expect(encodingOfByteOrderMark(Uint8Array.from(bytes))).toBe(encoding);
  });
});
