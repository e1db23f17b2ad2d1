import type { RequestStatus } from './demo-client.js';

const BAR_WIDTH = 24;

/** `512 B`, `91.0 kB`, `8.6 MB`: decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** How much smaller, such as `68 %`; a dash when there was nothing. */
export function formatSaved(before: number, after: number): string {
  return before === 0 ? '–' : `${Math.round((1 - after / before) * 100)} %`;
}

/** The bar and what it stands for, in one line. */
export function progressText({ progress, counts, image_count, bytes }: RequestStatus): string {
  const filled = Math.floor((progress / 100) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const percent = String(Math.floor(progress)).padStart(3);
  const sizes = `${formatBytes(bytes.input)} → ${formatBytes(bytes.output)}`;
  return `${bar} ${percent} %  ${image_count - counts.pending} of ${image_count} images, ${sizes}`;
}

/** The first lines of a text, and a mark when there are more. */
export function firstLines(text: string, count: number): string {
  const lines = text.trimEnd().split(/\r?\n/);
  return [...lines.slice(0, count), ...(lines.length > count ? ['…'] : [])].join('\n');
}
