import { BROKEN_IMAGE } from './catalogue.js';
import type { ImageStatus } from './demo-client.js';
import { imageName } from './demo-table.js';

/** What came out otherwise than the catalogue is made: every image completes, only the broken URL is not found. */
export function surprises(images: ImageStatus[]): string[] {
  const found = images.filter((image) => imageName(image) !== BROKEN_IMAGE);
  const broken = images.filter((image) => imageName(image) === BROKEN_IMAGE);
  return [
    ...found.filter((image) => image.status !== 'completed'),
    ...broken.filter((image) => image.error?.code !== 'http_404'),
  ].map(describe);
}

function describe(image: ImageStatus): string {
  const reason = image.error ? `${image.error.code}: ${image.error.detail}` : 'no error was given';
  return `${imageName(image)} is ${image.status} (${reason})`;
}
