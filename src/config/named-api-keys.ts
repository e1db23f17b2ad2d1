import { isMistypedApiKey, looksLikeApiKey } from './api-key.js';
import type { Setting } from './settings.js';

/** A key as an operator gives it. */
export interface NamedApiKey {
  /** For people, and the owner of what is made with the key. */
  name: string;
  key: string;
}

const NAME = /^[\w][\w.-]{0,63}$/;
/** What an Authorization header can carry (RFC 6750, b68token); shorter ones could be guessed. */
const KEY = /^[\w.~+/=-]{16,200}$/;

/** Whether it may be the name of a key, or an owner. A key in place of its name would stand in lists and logs. */
export const isKeyName = (name: string): boolean => NAME.test(name) && !looksLikeApiKey(name);

/** `name:key,…`. No fault tells a part of it, as that would stand in a log: a name may be a key in the wrong place. */
export const namedApiKeys = (): Setting<NamedApiKey[]> => ({
  parse(text) {
    const keys = text.split(',').map((part, index) => parseOne(part.trim(), index + 1));
    if (new Set(keys.map(({ key }) => key)).size < keys.length)
      throw new Error('the same key is given twice');
    return keys;
  },
});

function parseOne(part: string, number: number): NamedApiKey {
  const [, name = '', key = ''] = /^([^:]*):(.*)$/.exec(part) ?? [];
  if (!isKeyName(name)) {
    throw new Error(
      `expected name:key,… with names of up to 64 letters, digits, "-", "." and "_"; number ${number} has no such name`,
    );
  }
  if (isMistypedApiKey(key))
    throw new Error(`key number ${number} is mistyped or cut: its checksum is wrong`);
  if (!KEY.test(key)) {
    throw new Error(
      `key number ${number} must have 16 to 200 letters, digits or -._~+/=; "npm run --silent keys -- generate" makes one`,
    );
  }
  return { name, key };
}
