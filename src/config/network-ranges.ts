import { isIP } from 'node:net';
import type { Setting } from './settings.js';

/** Comma-separated IP addresses and ranges in CIDR notation, such as `10.0.0.1,fd00::/8`. Not of length 0, which trusts everyone. */
export const networkRanges = (): Setting<string[]> => ({
  parse: (text) => text.split(',').map((part) => parseRange(part.trim())),
});

function parseRange(range: string): string {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const family = isIP(address);
  const length = Number(bits ?? 32);
  if (family === 0 || length < 1 || length > (family === 4 ? 32 : 128)) {
    throw new Error(`expected addresses or ranges such as 10.0.0.1 or 10.0.0.0/8, got "${range}"`);
  }
  return range;
}
