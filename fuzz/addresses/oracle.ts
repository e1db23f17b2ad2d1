import { parseUrl } from '../../src/config/parse-url.js';
import { parseIp } from './ip-number.js';
import { isPublic } from './special-purpose.js';

/** What becomes of a URL: refused for its text, denied for its address, dialled at an address, or looked up by its name. */
export type Verdict = 'refused' | 'denied' | 'public' | 'name';

/**
 * The second opinion on any text: `new URL` reads it, as everything here does, and the rules of the contract are written
 * down once more in another way. A port that is the scheme's own is always allowed.
 */
export function verdictOf(text: string, allowedPorts: number[]): Verdict {
  const url = parseUrl(text);
  if (text.length > 4096 || !isPrintable(text) || !url) return 'refused';
  const { protocol, username, password, hostname, port } = url;
  if (!['http:', 'https:'].includes(protocol) || username + password !== '') return 'refused';
  if (!['', ...allowedPorts.map(String)].includes(port)) return 'refused';
  const isIp = hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
  if (isIp) return isPublic(parseIp(hostname.replaceAll(/[[\]]/g, ''))) ? 'public' : 'denied';
  return isCompleteName(hostname) ? 'name' : 'refused';
}

/** Neither a control character nor half a surrogate pair. */
function isPrintable(text: string): boolean {
  return Array.from(text, (character) => character.codePointAt(0)!).every(
    (code) => code > 0x1f && (code < 0x7f || code > 0x9f) && (code < 0xd800 || code > 0xdfff),
  );
}

/** Two labels or more, of 1 to 63 characters, 253 in all; a dot at the end does not count. */
function isCompleteName(name: string): boolean {
  return /^(?=.{1,253}\.?$)[^.]{1,63}(\.[^.]{1,63})+\.?$/.test(name);
}
