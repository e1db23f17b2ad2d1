import { parseUrl } from '../../../src/config/parse-url.js';

describe('parseUrl', () => {
  it('gives the URL, also one relative to a base, or undefined', () => {
    expect(parseUrl('https://example.com/a')?.host).toBe('example.com');
    expect(parseUrl('/b', new URL('https://example.com/a'))?.href).toBe('https://example.com/b');
    expect(parseUrl('no url')).toBeUndefined();
  });

  it('gives the same answer after thousands of calls', () => {
    const answers = Array.from(
      { length: 20_000 },
      (_, call) => parseUrl(`https://münchen.example/${call}`)?.hostname,
    );
    expect(new Set(answers)).toEqual(new Set(['xn--mnchen-3ya.example']));
  });
});
