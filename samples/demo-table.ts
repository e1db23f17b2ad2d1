import type { ImageStatus } from './demo-client.js';
import { formatBytes, formatSaved } from './demo-text.js';

type Row = [image: string, before: string, after: string, saved: string, status: string];

const HEADER: Row = ['Image', 'Before', 'After', 'Saved', 'Status'];

/** One line an image, in the order of the CSV, and the totals of those that were compressed. */
export function imageTable(images: ImageStatus[]): string {
  const rows = images.map(imageRow);
  const totals = totalsRow(images);
  const widths = HEADER.map((_, column) =>
    Math.max(...[HEADER, ...rows, totals].map((row) => row[column]!.length)),
  );
  const line = (row: Row): string =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(HEADER), rule, ...rows.map(line), rule, line(totals)].join('\n');
}

/** The file name that an image's URL ends with. */
export function imageName(image: ImageStatus): string {
  return new URL(image.input_url).pathname.split('/').at(-1)!;
}

function imageRow(image: ImageStatus): Row {
  const { original_size: before, compressed_size: after } = image;
  const status = image.error?.code ?? (image.kept_original ? 'completed, original kept' : image.status);
  if (before === null || after === null) return [imageName(image), '–', '–', '–', status];
  return [imageName(image), formatBytes(before), formatBytes(after), formatSaved(before, after), status];
}

function totalsRow(images: ImageStatus[]): Row {
  const completed = images.filter((image) => image.status === 'completed');
  const before = sum(completed.map((image) => image.original_size ?? 0));
  const after = sum(completed.map((image) => image.compressed_size ?? 0));
  return [
    `${images.length} images`,
    formatBytes(before),
    formatBytes(after),
    formatSaved(before, after),
    `${completed.length} completed, ${images.length - completed.length} not`,
  ];
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
