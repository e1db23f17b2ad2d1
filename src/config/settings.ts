import { parseUrl } from './parse-url.js';
import { parseDuration, parseSize } from './units.js';

/** One setting: how its text becomes a value. `parse` throws an Error that says what is expected. */
export interface Setting<T> {
  parse(text: string): T;
}

function setting<T>(expected: string, parse: (text: string) => T | undefined): Setting<T> {
  return {
    parse(text) {
      const value = parse(text);
      if (value === undefined) throw new Error(`expected ${expected}, got "${text}"`);
      return value;
    },
  };
}

export const text = (): Setting<string> => setting('a text', (value) => value);

export const oneOf = <const T extends string>(...words: T[]): Setting<T> =>
  setting(words.join(', '), (value) => words.find((word) => word === value));

export const integer = (min: number, max: number): Setting<number> =>
  setting(`a whole number from ${min} to ${max}`, (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    return number >= min && number <= max ? number : undefined;
  });

export const boolean = (): Setting<boolean> =>
  setting('true or false', (value) => ({ true: true, false: false })[value]);

export const duration = (minMs: number, maxMs: number): Setting<number> =>
  setting(`a duration such as 500ms, 30s, 5min or 2h, from ${minMs} to ${maxMs} ms`, (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  });

export const size = (minBytes: number, maxBytes: number): Setting<number> =>
  setting(`a size such as 512KiB or 32MiB, from ${minBytes} to ${maxBytes} bytes`, (value) => {
    const bytes = parseSize(value);
    return bytes !== undefined && bytes >= minBytes && bytes <= maxBytes ? bytes : undefined;
  });

export const listOf = <T>(item: Setting<T>): Setting<T[]> => ({
  parse: (value) => value.split(',').map((part) => item.parse(part.trim())),
});

/** An absolute URL with one of the schemes, without a trailing slash. */
export const url = (...schemes: string[]): Setting<string> =>
  setting(`a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`, (value) => {
    const protocol = parseUrl(value)?.protocol.slice(0, -1);
    return schemes.some((scheme) => scheme === protocol) ? value.replace(/\/+$/, '') : undefined;
  });
