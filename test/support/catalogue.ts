import type { Origin } from './origin.js';
import { photo } from './pictures.js';

/** A CSV of products with one image each, `count` of them, all of them served by the origin under names of their own. */
export async function catalogue(origin: Origin, count: number, delayMs = 0): Promise<string> {
  const body = await photo(160, 120).jpeg({ quality: 90 }).toBuffer();
  const rows = Array.from({ length: count }, (_, index) => {
    const path = `/photo-${index}.jpg`;
    origin.serve(path, { body, delayMs });
    return `${index + 1},Product ${index},${origin.url(path)}`;
  });
  return ['S. No.,Product Name,Input Image Urls', ...rows].join('\n');
}
