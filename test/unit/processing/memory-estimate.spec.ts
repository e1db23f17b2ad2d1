import { estimateMemory } from '../../../src/processing/memory-estimate.js';
import { planOutput } from '../../../src/processing/output-plan.js';
import type { SourceImage } from '../../../src/processing/source-image.js';
import type { RequestOptions } from '../../../src/requests/request-options.js';

const MB = 1_000_000;

/** Megabytes for a picture of 12 megapixels, a JPEG unless it is said otherwise. */
function estimate(source: Partial<SourceImage> = {}, changes: Partial<RequestOptions> = {}): number {
  const options: RequestOptions = {
    quality: 50,
    format: 'same',
    effort: 'balanced',
    maxWidth: null,
    maxHeight: null,
    ...changes,
  };
  const image: SourceImage = {
    bytes: Buffer.alloc(0),
    format: 'jpeg',
    width: 4000,
    height: 3000,
    orientation: 1,
    pages: 1,
    pixels: 12 * MB,
    interlaced: false,
    fullChroma: false,
    hasAlpha: false,
    deepWithProfile: false,
    ...source,
  };
  return estimateMemory(image, planOutput(image, options)) / MB;
}

// The second column is the peak that was measured, in MB; the estimate must cover it without doubling it.
it.each<[string, number, Partial<SourceImage>, Partial<RequestOptions>]>([
  ['JPEG, fast', 13, {}, { effort: 'fast' }],
  ['JPEG', 80, {}, {}],
  ['JPEG, small', 81, {}, { effort: 'small' }],
  ['progressive JPEG', 114, { interlaced: true }, {}],
  ['progressive JPEG, 4:4:4', 152, { interlaced: true, fullChroma: true }, {}],
  ['JPEG at quality 95', 153, {}, { quality: 95 }],
  ['rotated JPEG', 114, { orientation: 6 }, {}],
  ['progressive JPEG, fast', 48, { interlaced: true }, { effort: 'fast' }],
  ['rotated JPEG, fast', 45, { orientation: 6 }, { effort: 'fast' }],
  ['interlaced PNG to JPEG', 108, { format: 'png', interlaced: true }, { format: 'jpeg' }],
  ['WebP to JPEG', 160, { format: 'webp' }, { format: 'jpeg' }],
  ['AVIF to JPEG, fast', 215, { format: 'avif' }, { format: 'jpeg', effort: 'fast' }],
  ['JPEG to WebP', 79, {}, { format: 'webp' }],
  ['PNG with alpha to WebP', 175, { format: 'png', hasAlpha: true }, { format: 'webp' }],
  ['JPEG to AVIF', 249, {}, { format: 'avif' }],
  ['JPEG to AVIF at quality 90', 399, {}, { format: 'avif', quality: 90 }],
  ['PNG to PNG', 88, { format: 'png', hasAlpha: true }, {}],
])('%s: %i MB', (_, measured, source, options) => {
  expect(estimate(source, options)).toBeGreaterThanOrEqual(measured * 0.9);
  expect(estimate(source, options)).toBeLessThanOrEqual(measured * 2);
});

it('counts what is written after the shrink, what is read before it', () => {
  expect(estimate({}, { maxWidth: 400 })).toBeLessThan(estimate({}, { effort: 'fast' }) + 1);
  expect(estimate({ interlaced: true }, { maxWidth: 400 })).toBeGreaterThan(36);
});

it('holds all frames of a WebP, and one of a GIF', () => {
  const frames = { width: 1000, height: 600, pages: 20, pixels: 12 * MB };

  expect(estimate({ ...frames, format: 'gif' })).toBeLessThan(50);
  expect(estimate({ ...frames, format: 'webp' })).toBeGreaterThan(66);
});
