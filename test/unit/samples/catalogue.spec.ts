import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BROKEN_IMAGE, CATALOGUE_CSV, CATALOGUE_IMAGES, CATALOGUE_URL } from '../../../samples/catalogue.js';

const MAX_BYTES = 15_000_000;

const files = readdirSync(CATALOGUE_IMAGES).toSorted();
const csv = readFileSync(CATALOGUE_CSV, 'utf8');
const names = csv
  .match(/https?:\/\/[^\s",|]+/g)!
  .map((url) => url.replace(`${CATALOGUE_URL}/images/`, ''))
  .toSorted();

describe('the sample catalogue', () => {
  it('names every image once, and one that is not there', () => {
    expect(names).toEqual([...files, BROKEN_IMAGE].toSorted());
  });

  it('gives a source for every image, and for no other', () => {
    const sources = readFileSync('samples/SOURCES.md', 'utf8');
    const listed = [...sources.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!);
    expect(new Set(listed)).toEqual(new Set(files));
    expect(listed).toHaveLength(files.length);
  });

  it('is small enough to be cloned by everyone', () => {
    const bytes = files.map((file) => statSync(join(CATALOGUE_IMAGES, file)).size);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES);
  });
});
