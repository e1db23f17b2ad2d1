import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'halftone_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 178 random bits. */
const SECRET_LENGTH = 30;
/** Of 62 digits six hold the 32 bits of a CRC. */
const CHECKSUM_LENGTH = 6;
const KEY = new RegExp(`^${PREFIX}[${DIGITS}]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/**
 * A new key: a prefix that scanners for leaked secrets recognise, random digits, and their checksum, so that a mistyped
 * or cut key is known without a look into the database. A double click selects all of it. GitHub's keys are made so.
 */
export function generateApiKey(): string {
  const secret = Array.from({ length: SECRET_LENGTH }, () => DIGITS[randomInt(DIGITS.length)]).join('');
  return PREFIX + secret + checksumOf(secret);
}

export const looksLikeApiKey = (text: string): boolean => text.startsWith(PREFIX);

/** Whether a key that looks like one of ours cannot be one. A key of another form may be one that its owner thought up. */
export function isMistypedApiKey(key: string): boolean {
  if (!looksLikeApiKey(key)) return false;
  return (
    !KEY.test(key) || checksumOf(key.slice(PREFIX.length, -CHECKSUM_LENGTH)) !== key.slice(-CHECKSUM_LENGTH)
  );
}

function checksumOf(secret: string): string {
  let rest = crc32(secret);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    digits = DIGITS[rest % DIGITS.length]! + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
