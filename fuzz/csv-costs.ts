import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { inspectProductCsv, NotText, TooManyImages } from '../src/upload/product-csv.js';
import { CountedFile, LIMITS } from './csv-reader.js';

/** 1 MiB, and the same four times as large. */
const SMALL = 1_048_576;
const LARGE = 4 * SMALL;
/** Linear work is 4; the rest is for chance, and for what a file has to be large enough to begin. */
const MAX_RATIO = 8;
/** CPU time (ms) below which nothing can be told, and above which 1 MiB is too dear even at that rate. */
const NOISE_MS = 50;
const MAX_MS_PER_MIB = 1000;
/** What reading may add to the process: blocks, one record, and what is waiting to be collected. */
const MAX_GROWTH = 400 * 1024 * 1024;

/** Of the report on a file: texts that are cut to some hundred bytes, and whatever else the process keeps meanwhile. */
const MAX_KEPT = 24 * 1024 * 1024;

const HEADER = 'Product Name,Image 1\n';
const WIDE = `Name,Image${',c'.repeat(998)}\n`;
const MANY_IMAGES = `Name${',Image'.repeat(999)}\n`;
const FILL = 'A,https://a.example/1.jpg\n'.repeat(3000);
/** Cells that hold no URL, as long as cells can be, in a row that is nearly as long as rows can be. */
const FULL_CELLS = `"${',;'.repeat(32_768)}",`.repeat(30);

/** The beginning of a file and what goes on and on after it: where a careless reader takes more than linear time. */
const SHAPES: Record<string, { head?: string; unit: string; encoding?: BufferEncoding; tail?: Buffer }> = {
  quotes: { head: HEADER, unit: '"' },
  'doubled quotes': { head: `${HEADER}"`, unit: '""' },
  'a quote that is never closed': { head: `${HEADER}"`, unit: 'A,b\n' },
  'quotes and line ends': { head: HEADER, unit: '"\n' },
  'line feeds': { head: HEADER, unit: '\n' },
  'carriage returns': { head: HEADER, unit: '\r' },
  spaces: { head: HEADER, unit: ' ' },
  'one line': { head: HEADER, unit: 'x' },
  'a header of commas': { unit: ',' },
  'a header of names': { unit: 'a,' },
  'a header of quotes': { unit: '"a",' },
  'empty cells': { head: HEADER, unit: ',' },
  'short cells': { head: HEADER, unit: 'a,' },
  'rows of a million cells': { head: HEADER, unit: `${'a,'.repeat(1_048_570)}\n` },
  'rows of many URLs': { head: HEADER, unit: `A${',http://a.b'.repeat(500)}\n` },
  'short rows': { head: HEADER, unit: 'a,\n' },
  'short rows under a wide header': { head: WIDE, unit: 'a,\n' },
  'broken characters in every cell': { head: HEADER + FILL, unit: '\0,' },
  'cells of commas': { head: HEADER, unit: `A,"${','.repeat(65_536)}"\n` },
  'cells of bars': { head: HEADER, unit: `A,"${'|'.repeat(65_536)}"\n` },
  'cells of spaces': { head: HEADER, unit: `A,"${' '.repeat(65_536)}"\n` },
  'cells of beginnings of URLs': {
    head: HEADER,
    unit: `A,"${',a-------------------------:/'.repeat(2200)}"\n`,
  },
  'wrong URLs beside full cells': { head: MANY_IMAGES, unit: `A,${FULL_CELLS}"${'|x'.repeat(250)}"\n` },
  'long wrong URLs': { head: HEADER, unit: `A,"${`|https://${'%'.repeat(4080)}`.repeat(15)}"\n` },
  'long hosts': { head: HEADER, unit: `A,"${`|https://${'ü.'.repeat(2000)}`.repeat(15)}"\n` },
  'hosts of accents': {
    head: HEADER,
    unit: `A,"${`|https://a${'\u0301\u0323'.repeat(2000)}`.repeat(15)}"\n`,
  },
  'older encoding, seen at the end': { head: HEADER, unit: 'a,b\n', tail: Buffer.of(0xe9) },
  'UTF-16': { head: `\uFEFF${HEADER}`, unit: 'ab,c\n', encoding: 'utf16le' },
  'broken UTF-16': { head: `\uFEFF${HEADER}`, unit: 'a\uD800,b\n', encoding: 'utf16le' },
};

/** A hundred faults, each with a row of two megabytes: what is told of them must not keep the rows. */
export async function measureKept(): Promise<string[]> {
  const row = Buffer.from(`${'x'.repeat(65_000)},`.repeat(31).concat('\n'));
  const header = Buffer.from(`${'c,'.repeat(40)}Name,Image\n`);
  const rows = [header, ...Array.from({ length: 100 }, () => row)];
  const before = heapBytes();
  const report = await inspectProductCsv(() => Readable.from(rows), LIMITS);
  const kept = heapBytes() - before;
  if (report.errors.length !== 100) return [`100 faults were expected, not ${report.errors.length}`];
  return kept > MAX_KEPT ? [`${Math.round(kept / 1048576)} MiB are kept for 100 faults`] : [];
}

/** What reading each shape costs; `failures` are the shapes that cost too much, `dearest` the ones that cost most. */
export async function measureCosts(): Promise<{ inputs: number; failures: string[]; dearest: string }> {
  const failures: string[] = [];
  const costs: { name: string; small: number; large: number }[] = [];
  for (const [name, shape] of Object.entries(SHAPES)) {
    const before = peakBytes();
    const small = await leastCost(fileOf(shape, SMALL));
    const large = await leastCost(fileOf(shape, LARGE));
    const growth = peakBytes() - before;
    costs.push({ name, small, large });
    const ratio = large / Math.max(small, NOISE_MS);
    if (ratio > MAX_RATIO)
      failures.push(`${name}: 4 times the bytes took ${ratio.toFixed(1)} times the time`);
    if (large > 4 * MAX_MS_PER_MIB) failures.push(`${name}: 4 MiB took ${large} ms`);
    if (growth > MAX_GROWTH) failures.push(`${name}: took ${Math.round(growth / 1048576)} MiB of memory`);
  }
  costs.sort((a, b) => b.large - a.large);
  const dearest = costs.slice(0, 3).map(({ name, large }) => `${name} ${Math.round(large / 4)} ms`);
  return { inputs: 2 * costs.length, failures, dearest: `CPU time per MiB: ${dearest.join(', ')}` };
}

function fileOf(
  { head = '', unit, encoding = 'utf8', tail = Buffer.of() }: (typeof SHAPES)[string],
  size: number,
): Buffer {
  return Buffer.concat([Buffer.from(head, encoding), Buffer.alloc(size, unit, encoding), tail]);
}

/** CPU time in ms, the less of two readings. */
async function leastCost(bytes: Buffer): Promise<number> {
  const costs: number[] = [];
  for (let times = 0; times < 2; times++) {
    const begin = process.cpuUsage();
    await read(bytes);
    const { user, system } = process.cpuUsage(begin);
    costs.push(Math.round((user + system) / 1000));
  }
  return Math.min(...costs);
}

async function read(bytes: Buffer): Promise<void> {
  try {
    await inspectProductCsv(new CountedFile(bytes).open, { ...LIMITS, maxImages: 10_000_000 });
  } catch (error) {
    if (!(error instanceof NotText || error instanceof TooManyImages)) throw error;
  }
}

/** What is in use, once everything else is collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
