import { certain, type StrippedBytes } from './stripped-bytes.js';

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const COMMENT = 0xfe;
const APPLICATION = 0xff;
/** `GIF89a` and the logical screen. */
const HEADER_LENGTH = 13;
/** An application's name, with its own length before it. */
const NAME_LENGTH = 12;
/** Its frames loop; some viewers obey the second name too. */
const NETSCAPE = '\x0bNETSCAPE2.0';
const ANIMEXTS = '\x0bANIMEXTS1.0';

/**
 * Frames, their timing and the loop; no comments, no other applications' data. An extension without content is not accepted:
 * nsgif reads its end as a length of what follows.
 */
export function stripGif(bytes: Buffer, kept: StrippedBytes): Buffer {
  let at = HEADER_LENGTH + colourTableLength(bytes[10]!);
  kept.keep(0, at);
  let controlled = false;
  let looped = false;
  let frames = 0;
  for (; bytes[at] !== TRAILER;) {
    const end = endOfBlock(bytes, at);
    const label = bytes[at] === IMAGE ? IMAGE : bytes[at + 1];
    if (label === IMAGE) {
      controlled = false;
      frames += 1;
      kept.keep(at, end);
    } else if (label === GRAPHIC_CONTROL) {
      certain(!controlled && bytes[at + 2] === 4 && end === at + 8);
      controlled = true;
      kept.keep(at, end);
    } else if (label === APPLICATION && isLoop(bytes, at, end)) {
      certain(!looped);
      looped = true;
      kept.keep(at, end);
    } else {
      certain(label === COMMENT || label === APPLICATION);
      kept.drop();
    }
    at = end;
  }
  certain(frames > 0 && !controlled);
  kept.keep(at, at + 1);
  return kept.join();
}

/** Where the next block begins. */
function endOfBlock(bytes: Buffer, at: number): number {
  if (bytes[at] === EXTENSION) return endOfSubBlocks(bytes, at + 2);
  certain(bytes[at] === IMAGE && at + 10 <= bytes.length);
  const codeSize = 1;
  return endOfSubBlocks(bytes, at + 10 + colourTableLength(bytes[at + 9]!) + codeSize);
}

/** Each begins with its length; an empty one is the last, and never the first. */
function endOfSubBlocks(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
  certain(at > from && at < bytes.length);
  return at + 1;
}

/** Whether this application's extension says how often the frames are shown, and nothing else. */
function isLoop(bytes: Buffer, at: number, end: number): boolean {
  certain(bytes[at + 2] === NAME_LENGTH - 1);
  const content = at + 2 + NAME_LENGTH;
  const name = bytes.toString('latin1', at + 2, content);
  certain(name !== ANIMEXTS);
  if (name !== NETSCAPE) return false;
  certain(bytes[content] === 3 && bytes[content + 1] === 1 && end === content + 5);
  return true;
}

/** Bytes of the colour table that these flags announce. */
function colourTableLength(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}
