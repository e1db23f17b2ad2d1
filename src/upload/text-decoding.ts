import { TextDecoder } from 'node:util';

export type CsvEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The bytes are not text in this encoding. */
export class InvalidEncoding extends Error {}

/** The encoding that the byte order mark names, undefined without one. */
export function encodingOfByteOrderMark(head: Uint8Array): CsvEncoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return undefined;
}

/**
 * Decodes a stream; characters may be split over its blocks, and a byte order mark is left out.
 * Throws InvalidEncoding at the first broken character; when `lenient`, a NUL stands for it instead,
 * so that the row that holds it is refused as every row with a NUL is.
 */
export async function* decodeText(
  bytes: AsyncIterable<Uint8Array>,
  encoding: CsvEncoding,
  lenient = false,
): AsyncGenerator<string> {
  if (encoding === 'windows-1252') {
    for await (const block of bytes) yield decodeWindows1252(block);
    return;
  }
  const decoder = new TextDecoder(encoding, { fatal: !lenient });
  const mark = (text: string) => (lenient ? text.replaceAll('\uFFFD', '\0') : text);
  for await (const block of bytes) yield mark(decodeBlock(decoder, block));
  yield mark(decodeBlock(decoder));
}

/** Without a block: the end, where a character that was begun must not be missing its rest. */
function decodeBlock(decoder: TextDecoder, block?: Uint8Array): string {
  try {
    return decoder.decode(block, { stream: block !== undefined });
  } catch (cause) {
    throw new InvalidEncoding(`The bytes are not valid ${decoder.encoding}.`, { cause });
  }
}

/** 0x80 to 0x9F, the only bytes in which Windows-1252 differs from Latin-1. Five of them are not assigned. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** By hand: TextDecoder takes windows-1252 for Latin-1 in Node 20.18.3 to 24 (nodejs/node#60888). */
function decodeWindows1252(block: Uint8Array): string {
  return Buffer.from(block.buffer, block.byteOffset, block.byteLength)
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!);
}
