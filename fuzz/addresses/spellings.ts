import fc from 'fast-check';
import { bitsOf, formatIp, split, type IpNumber } from './ip-number.js';
import { SPECIAL_RANGES } from './special-purpose.js';

/** An address, and a text that leads a URL parser to it as a host. */
export interface Spelling {
  ip: IpNumber;
  host: string;
}

/** Any address of the family; half of them at an edge of a special-purpose range, within two addresses. */
export function addressOf(family: IpNumber['family']): fc.Arbitrary<IpNumber> {
  const most = (1n << bitsOf(family)) - 1n;
  const edges = SPECIAL_RANGES.filter(({ first }) => first.family === family).flatMap(({ first, last }) => [
    first.value,
    last.value,
  ]);
  const nearEdge = fc
    .tuple(fc.constantFrom(...edges), fc.bigInt(-2n, 2n))
    .map(([edge, by]) => edge + by)
    .filter((value) => value >= 0n && value <= most);
  return fc.oneof(nearEdge, fc.bigInt(0n, most)).map((value) => ({ family, value }));
}

/** A number as the forms of `inet_aton` write it: decimal, hexadecimal or octal, the latter two with any zeros before. */
function number(value: bigint): fc.Arbitrary<string> {
  const zeros = fc.nat({ max: 6 }).map((count) => '0'.repeat(count));
  const hex = fc.tuple(
    fc.constantFrom('0x', '0X'),
    zeros,
    fc.constantFrom(value === 0n ? '' : value.toString(16)),
  );
  return fc.oneof(
    fc.constant(value.toString()),
    hex.map((parts) => parts.join('')),
    zeros.map((more) => `0${more}${value.toString(8)}`),
  );
}

/** The character, or another that IDNA or percent-decoding brings back to it. */
function disguise(character: string): fc.Arbitrary<string> {
  const wide = String.fromCodePoint(character.codePointAt(0)! + 0xfee0);
  const dots = character === '.' ? ['。', '｡'] : [];
  const circled = /[1-9]/.test(character) ? [String.fromCodePoint(0x245f + Number(character))] : [];
  const plain = [character, character.toUpperCase(), character.toLowerCase()];
  const others = [wide, ...dots, ...circled, `${character}\u00AD`, `\u200B${character}`];
  const percent = [character, wide].map(percentEncoded);
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...plain) },
    fc.constantFrom(...others, ...percent),
  );
}

function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** One to four numbers, the last of which stands for all the bytes that are left, with or without a dot behind. */
function ipv4Host({ value }: IpNumber): fc.Arbitrary<string> {
  const bytes = split(value, 8n, 4);
  return fc
    .integer({ min: 0, max: 3 })
    .chain((single) => {
      const rest = value & ((1n << (8n * BigInt(4 - single))) - 1n);
      return fc.tuple(...[...bytes.slice(0, single), rest].map(number), fc.constantFrom('', '.'));
    })
    .map((parts) => parts.slice(0, -1).join('.') + parts.at(-1)!)
    .chain((plain) =>
      fc.oneof(
        fc.constant(plain),
        fc.tuple(...Array.from(plain, disguise)).map((all) => all.join('')),
      ),
    );
}

/** Eight groups, with or without zeros before them, `::` for any run of zeros, the last two as IPv4, in any case. */
function ipv6Host({ value }: IpNumber): fc.Arbitrary<string> {
  const groups = split(value, 16n, 8);
  const dotted = formatIp({ family: 'ipv4', value: value & 0xffff_ffffn });
  return fc
    .record({
      padding: fc.nat({ max: 4 }),
      quad: fc.boolean(),
      upper: fc.boolean(),
      from: fc.nat({ max: 7 }),
      length: fc.integer({ min: 0, max: 8 }),
    })
    .map(({ padding, quad, upper, from, length }) => {
      const hex = groups.map((group) => group.toString(16).padStart(padding, '0'));
      const texts = quad ? [...hex.slice(0, 6), dotted] : hex;
      const [before, run, after] = [
        texts.slice(0, from),
        texts.slice(from, from + length),
        texts.slice(from + length),
      ];
      const zeros = run.length > 0 && run.every((text) => /^0+$/.test(text));
      const host = zeros ? `${before.join(':')}::${after.join(':')}` : texts.join(':');
      return `[${upper ? host.toUpperCase() : host}]`;
    });
}

export function spelling(ip: IpNumber): fc.Arbitrary<Spelling> {
  return (ip.family === 'ipv4' ? ipv4Host(ip) : ipv6Host(ip)).map((host) => ({ ip, host }));
}

/** IPv6 addresses with an IPv4 address inside, for which some gateway may take it out again. */
export function wrapped({ value }: IpNumber): fc.Arbitrary<IpNumber> {
  const any = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt(0n, (1n << bits) - 1n);
  const wrapper = fc.oneof(
    fc.constant(value), // compatible, ::a.b.c.d
    fc.constant((0xffffn << 32n) | value), // mapped
    fc.constant((0xffffn << 48n) | value), // translated, ::ffff:0:a.b.c.d
    fc.constant((0x64_ff9bn << 96n) | value), // NAT64
    any(48n).map((middle) => (0x64_ff9b_0001n << 80n) | (middle << 32n) | value), // NAT64 of a local prefix
    any(80n).map((rest) => (0x2002n << 112n) | (value << 80n) | rest), // 6to4
    any(64n).map((rest) => (0x2001_0000n << 96n) | (rest << 32n) | (value ^ 0xffff_ffffn)), // Teredo
    fc // ISATAP, inside any global prefix
      .tuple(any(61n), fc.constantFrom(0x5efen, 0x0200_5efen))
      .map(([prefix, marker]) => (1n << 125n) | (prefix << 64n) | (marker << 32n) | value),
  );
  return wrapper.map((inside) => ({ family: 'ipv6', value: inside }));
}
