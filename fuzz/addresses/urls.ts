import fc from 'fast-check';
import { BAD_URLS, LOOPBACK_HOSTS } from './bad-urls.js';
import { isPublic } from './special-purpose.js';
import { addressOf, spelling, wrapped, type Spelling } from './spellings.js';

/** A URL, and its verdict where that is known by how it was made. `PORT` in it stands for the canary's port. */
export interface FuzzUrl {
  url: string;
  verdict?: 'public' | 'denied';
}

/** What URL parsers quarrel about, and what was once forgotten by one. */
const TROUBLE = [
  String.raw`@ : / \ ? # % . [ ] - _ & ; | ^ { " ' < :: // .. :0 :80 :443 %00 %2e %2f %40 %25 ffff: 0x 0 1 127.0.0.1`,
  '。 ． ｡ ０ ① ٠ ／ ： ＠ ℀ ß ｘ İ xn-- localhost http: file: \0 \t \r\n \u007F \u0085 \u00AD \u200B \u2028 \uD800 \uDC00',
].flatMap((pieces) => pieces.split(' '));

const ports = fc.constantFrom(':PORT', ':0PORT', ':80', ':443', ':', '');
const schemes = fc.constantFrom('http://', 'https://', 'HTTP://', 'http:\\\\', 'http:/', 'http:////');
const tails = fc.constantFrom(
  '',
  '/',
  '/photo.jpg',
  '?a=b',
  '#c',
  '/@example.com/',
  String.raw`\x`,
  '#@example.com/',
);

function urlOf({ ip, host }: Spelling): fc.Arbitrary<FuzzUrl> {
  return fc.tuple(schemes, ports, tails).map(([scheme, port, tail]) => ({
    url: scheme + host + port + tail,
    verdict: isPublic(ip) ? 'public' : 'denied',
  }));
}

/** One to three changes to the text at any places: something put in, taken out, repeated or turned into another. */
function mutated(text: string): fc.Arbitrary<FuzzUrl> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(' ', ...TROUBLE) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) },
  );
  const change = fc.record({
    at: fc.nat({ max: 60 }),
    out: fc.nat({ max: 3 }),
    piece,
    copies: fc.nat({ max: 2 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => ({
    url: changes.reduce((now, { at, out, piece: put, copies }) => {
      const from = at % (now.length + 1);
      return now.slice(0, from) + put.repeat(copies) + now.slice(from + out);
    }, text),
  }));
}

const spelled = fc
  .oneof(addressOf('ipv4'), addressOf('ipv6'), addressOf('ipv4').chain(wrapped))
  .chain(spelling)
  .chain(urlOf);
const known = fc.constantFrom(
  ...BAD_URLS.map(({ url }) => url),
  ...LOOPBACK_HOSTS.map((host) => `http://${host}:PORT/`),
);

/** Spellings of addresses, whose verdict is known, and mutations of those and of the table of bad URLs, whose verdict is not. */
export const fuzzUrl: fc.Arbitrary<FuzzUrl> = fc.oneof(
  spelled,
  spelled.chain(({ url }) => mutated(url)),
  known.chain(mutated),
);
