import fc from 'fast-check';
import { generateApiKey } from '../../../src/config/api-key.js';
import { parseEnv, type EnvError } from '../../../src/config/env.js';
import { isKeyName, namedApiKeys } from '../../../src/config/named-api-keys.js';

const KEY = generateApiKey();
const OTHER = generateApiKey();
/** One digit of the secret is another. */
const MISTYPED = `${KEY.slice(0, 12)}${KEY[12] === 'x' ? 'y' : 'x'}${KEY.slice(13)}`;

const parse = (text: string) => namedApiKeys().parse(text);

describe('API_KEYS', () => {
  it('has names with keys, with room around the commas', () => {
    expect(parse(`shop:${KEY}`)).toEqual([{ name: 'shop', key: KEY }]);
    expect(parse(`shop:${KEY}, my-studio_2.test:${OTHER} `)).toEqual([
      { name: 'shop', key: KEY },
      { name: 'my-studio_2.test', key: OTHER },
    ]);
  });

  it('may have several keys of one name, to replace one by the other', () => {
    expect(parse(`shop:${KEY},shop:${OTHER}`)).toHaveLength(2);
  });

  it.each(['correct-horse-battery-staple', 'dGhpcyBpcyBhIHNlY3JldA==', 'a~b.c+d/e_f-g=hij0'])(
    'takes a key that an operator thought up: %s',
    (key) => {
      expect(parse(`shop:${key}`)).toEqual([{ name: 'shop', key }]);
    },
  );

  it.each([
    ['no name', KEY, /name:key.* number 1 has no such name$/],
    ['an empty name', `:${KEY}`, /number 1 has no such name$/],
    ['a name with a space', `my shop:${KEY}`, /number 1 has no such name$/],
    ['a name that is too long', `${'n'.repeat(65)}:${KEY}`, /number 1 has no such name$/],
    ['name and key the wrong way round', `${KEY}:shop`, /number 1 has no such name$/],
    ['an empty entry', `shop:${KEY},`, /number 2 has no such name$/],
    ['a mistyped key', `shop:${KEY},studio:${MISTYPED}`, /^key number 2 is mistyped or cut: its checksum/],
    ['a key that was cut', `shop:${KEY.slice(0, -1)}`, /^key number 1 is mistyped or cut/],
    ['a key that could be guessed', 'shop:hunter2', /^key number 1 must have 16 to 200 letters/],
    ['a key that no header can carry', 'shop:correct horse battery staple', /^key number 1 must have/],
    ['a key that is too long', `shop:${'k'.repeat(201)}`, /^key number 1 must have/],
    ['the same key twice', `shop:${KEY},studio:${KEY}`, /^the same key is given twice$/],
  ])('refuses %s, and tells nothing of it', (_fault, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expectNothingTold(text);
  });

  it('never tells a part of what it was given, whatever that is', () => {
    const secrets = fc.stringMatching(/^[\w.~+/=-]{6,40}$/);
    const punctuation = fc.constantFrom(':', ',', ' ', ': ', ',:', '::');
    const texts = fc
      .array(fc.tuple(secrets, punctuation), { minLength: 1, maxLength: 5 })
      .map((p) => p.flat().join(''));
    fc.assert(fc.property(texts, expectNothingTold), { numRuns: 2000 });
  });
});

/** Also not in the message that a start ends with. */
function expectNothingTold(text: string): void {
  const known = new Set([PLAIN, PLAIN_CHECKSUM, PLAIN_FORM, PLAIN_TWICE]);
  const faults = faultsOf(text).map((fault) => fault.replace(/\d+/g, 'N'));
  expect(faults.filter((fault) => !known.has(fault))).toEqual([]);
}

function faultsOf(text: string): string[] {
  try {
    parseEnv({ API_KEYS: text });
    return [];
  } catch (error) {
    return (error as EnvError).faults;
  }
}

// Without what it was given there are only so many messages.
const PLAIN =
  'API_KEYS: expected name:key,… with names of up to N letters, digits, "-", "." and "_"; number N has no such name';
const PLAIN_CHECKSUM = 'API_KEYS: key number N is mistyped or cut: its checksum is wrong';
const PLAIN_FORM =
  'API_KEYS: key number N must have N to N letters, digits or -._~+/=; "npm run --silent keys -- generate" makes one';
const PLAIN_TWICE = 'API_KEYS: the same key is given twice';

describe('isKeyName', () => {
  it.each(['shop', 'S', 'shop-2', 'shop.example', '_shop', 'n'.repeat(64)])('takes %s', (name) => {
    expect(isKeyName(name)).toBe(true);
  });

  it.each(['', ' ', '-shop', '.shop', 'a b', 'a,b', 'a:b', 'a/b', 'caf\u00e9', 'a\n', 'n'.repeat(65)])(
    'refuses %j',
    (name) => {
      expect(isKeyName(name)).toBe(false);
    },
  );

  it('refuses a key in the place of its name, which lists and logs would show', () => {
    expect(isKeyName(KEY)).toBe(false);
  });
});
