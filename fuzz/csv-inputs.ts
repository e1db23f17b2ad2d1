import { readdirSync, readFileSync } from 'node:fs';
import type { Random } from '../faults/random.js';

/** Real files, as shops and spreadsheets write them. */
const SAMPLES = new URL('../../test/fixtures/csv/', import.meta.url);

const URL_CELL = 'https://a.example/1.jpg';

const NAMES = [
  'S. No.',
  'Product Name',
  'Input Image Urls',
  'Image 1',
  'Image 2',
  'Image Src',
  'sku',
  'id',
  'url',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'Output Image Urls',
  'Error Code',
  '',
  ' ',
  '=1+1',
  '\uFEFFName',
  'Na\0me',
  'ﬁ',
  'İmage',
  'Name\u202E',
  'GIF89a',
  'sep=',
];

const TEXTS = [
  '',
  ' ',
  '"',
  '""',
  '"a',
  'a"b',
  ',',
  ';',
  '\t',
  '|',
  '\n',
  '\r\n',
  '\r',
  "'",
  '\\"',
  '007',
  '-5',
  '=cmd|"/c calc"!A1',
  '@SUM(A1)',
  '＝1',
  '\u202Egpj.exe',
  '\u200B\u2060',
  '\uFEFF',
  '\uFFFD',
  '\u2028',
  '__proto__',
  'constructor',
  'null',
  '🪑',
  'e\u0301'.repeat(40),
  '\u{10FFFF}',
  'ß',
  '\x7F',
  '\x85',
  URL_CELL,
  `${URL_CELL}, ${URL_CELL}`,
  `${URL_CELL}|x`,
  'http:/a.example',
  'ftp://a.example/1.jpg',
  'https://',
  'http://[::1',
  'https://a b/',
  '://',
  'http://127.1/',
  'https://ü.example/%',
  'data:,x',
];

/** What breaks decoders and parsers: controls, byte order marks, overlong and cut UTF-8, half surrogate pairs in every encoding. */
const BYTES = [
  ...Array.from({ length: 32 }, (_, code) => [code]),
  [0x7f],
  [0x80],
  [0xc0, 0x80],
  [0xe0, 0x80, 0xaf],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xed, 0xb0, 0x80],
  [0xe2, 0x82],
  [0xff],
  [0xfe],
  [0xf4, 0x90, 0x80, 0x80],

  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0xfe, 0xff],
  [0x3d, 0xd8],
  [0xd8, 0x3d],
  [0x00, 0xdc],
  [0x00, 0x00],
].map((bytes) => Buffer.from(bytes));

/** Around the limits of a cell (65,536 characters), a URL (4,096) and a row's URLs (250). */
const LENGTHS = [1, 2, 40, 249, 250, 251, 4095, 4097, 65_535, 65_536, 65_537];

/** Bytes that call themselves a CSV, most of them not too wrong: what is refused at once tests little. */
export function csvInput(random: Random): Buffer {
  const way = random.integer(1, 20);
  if (way === 1) return randomBytes(random, random.integer(0, 3000));
  let bytes = way <= 4 ? readSample(random) : encode(random, writeCsv(random));
  for (let times = random.pick([0, 0, 1, 1, 1, 2, 4, 16]); times > 0; times--) bytes = mutate(random, bytes);
  return bytes;
}

function writeCsv(random: Random): string {
  const delimiter = random.pick([',', ',', ';', '\t', '|']);
  const newline = random.pick(['\n', '\r\n', '\r']);
  const quoting = random.pick(['all', 'needed', 'needed', 'none']);
  const further = Array.from({ length: random.integer(0, 4) }, () => random.pick(NAMES));
  if (random.integer(1, 50) === 1) further.push(...Array<string>(random.pick([996, 1003, 5000])).fill('c'));
  const at = random.integer(0, further.length);
  const header = [...further.slice(0, at), 'Product Name', 'Image 1', ...further.slice(at)];
  const write = (cells: string[]): string =>
    cells.map((cell) => quoted(cell, delimiter, quoting)).join(delimiter) + newline;

  const rows = Array.from({ length: random.integer(0, 12) }, () => {
    const cells = header.map(() => random.pick(TEXTS));
    if (random.integer(1, 20) > 3) cells[at + 1] = URL_CELL;
    if (random.integer(1, 60) === 1) cells[random.integer(0, 2)] = longText(random);
    if (random.integer(1, 10) === 1) cells.length = random.integer(0, cells.length);
    if (random.integer(1, 10) === 1) cells.push(random.pick(TEXTS), URL_CELL);
    return write(cells);
  });
  const separatorLine = random.integer(1, 15) === 1 ? `sep=${delimiter}${newline}` : '';
  return separatorLine + write(header) + rows.join('');
}

function quoted(cell: string, delimiter: string, quoting: string): string {
  if (quoting === 'none') return cell;
  const isNeeded = /["\r\n]/.test(cell) || cell.includes(delimiter);
  return quoting === 'all' || isNeeded ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function longText(random: Random): string {
  const unit = random.pick(['x', ',', '|', ' ', '"', '🪑', `${URL_CELL},`, 'https://a.example/']);
  return unit.repeat(Math.ceil(random.pick(LENGTHS) / random.pick([1, unit.length])));
}

/** As spreadsheets save it; the last two have lost their byte order mark. */
function encode(random: Random, text: string): Buffer {
  const marked = `\uFEFF${text}`;
  const bigEndian = (what: string): Buffer => Buffer.from(what, 'utf16le').swap16();
  switch (random.integer(1, 12)) {
    case 1:
      return Buffer.from(marked);
    case 2:
      return Buffer.from(marked, 'utf16le');
    case 3:
      return bigEndian(marked);
    case 4:
      return Buffer.from(text, 'latin1');
    case 5:
      return random.pick([Buffer.from(text, 'utf16le'), bigEndian(text)]);
    default:
      return Buffer.from(text);
  }
}

function mutate(random: Random, bytes: Buffer): Buffer {
  const from = random.integer(0, bytes.length);
  const to = Math.min(bytes.length, from + random.pick([0, 1, 2, 7, 40, 500]));
  const replaced = (...parts: Buffer[]): Buffer =>
    Buffer.concat([bytes.subarray(0, from), ...parts, bytes.subarray(to)]);
  switch (random.integer(1, 7)) {
    case 1: {
      const flipped = Buffer.from(bytes);
      if (from < bytes.length) flipped[from]! ^= 1 << random.integer(0, 7);
      return flipped;
    }
    case 2:
      return replaced();
    case 3:
      return bytes.subarray(0, from);
    case 4:
      return replaced(bytes.subarray(from, to), bytes.subarray(from, to));
    case 5:
      return replaced(
        Buffer.from(
          random
            .pick(['"', '\n', '\r', ',', ';', '""', '"\n', ',"', '\0', ' '])
            .repeat(random.pick([1, 3, 100, 3000])),
        ),
      );
    case 6:
      return replaced(random.pick(BYTES));
    default:
      return replaced(Buffer.from(random.pick(TEXTS)));
  }
}

function readSample(random: Random): Buffer {
  samples ??= readdirSync(SAMPLES).map((name) => readFileSync(new URL(name, SAMPLES)));
  return random.pick(samples);
}
let samples: Buffer[] | undefined;

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.integer(0, 255)));
}
