import { encoderFor, mozjpegQuality } from '../../../src/processing/encoder-options.js';
import type { OutputFormat } from '../../../src/processing/image-format.js';
import type { RequestOptions } from '../../../src/requests/request-options.js';

const MEGAPIXEL = 1_000_000;

function settings(format: OutputFormat, changes: Partial<RequestOptions> = {}, pixels = MEGAPIXEL) {
  const options: RequestOptions = {
    quality: 50,
    format: 'same',
    effort: 'balanced',
    maxWidth: null,
    maxHeight: null,
    ...changes,
  };
  return encoderFor(format, pixels, options).settings;
}

describe('JPEG', () => {
  it('has standard Huffman tables when fast, optimised ones when balanced', () => {
    expect(settings('jpeg', { effort: 'fast' })).toMatchObject({ quality: 50, optimiseCoding: false });
    expect(settings('jpeg')).toMatchObject({ quality: 50, optimiseCoding: true });
  });

  it('is fast above 16 megapixels', () => {
    expect(settings('jpeg', {}, 16 * MEGAPIXEL)).toMatchObject({ optimiseCoding: true });
    expect(settings('jpeg', {}, 16 * MEGAPIXEL + 1)).toEqual(settings('jpeg', { effort: 'fast' }));
  });

  it('is mozjpeg at the number of equal looks when small', () => {
    expect(settings('jpeg', { effort: 'small' })).toMatchObject({ mozjpeg: true, quality: 64 });
  });
});

it.each(['jpeg', 'avif'] as const)('%s keeps all colour from quality 90 on', (format) => {
  expect(settings(format, { quality: 89 })).toMatchObject({ chromaSubsampling: '4:2:0' });
  expect(settings(format, { quality: 90 })).toMatchObject({ chromaSubsampling: '4:4:4' });
});

it('PNG has a palette, at quality 100 none', () => {
  expect(settings('png')).toEqual({ palette: true, quality: 50, effort: 4 });
  expect(settings('png', { quality: 100 })).toEqual({ palette: false });
});

it.each([
  ['png', 7],
  ['webp', 4],
  ['avif', 4],
  ['gif', 7],
] as const)(
  '%s works harder with each effort, and never at the default of its encoder (%i)',
  (format, slow) => {
    const efforts = (['fast', 'balanced', 'small'] as const).map(
      (effort) => (settings(format, { effort }) as { effort: number }).effort,
    );

    expect(efforts).toEqual(efforts.toSorted((a, b) => a - b));
    expect(new Set(efforts).size).toBe(3);
    expect(efforts[1]).toBeLessThan(slow);
  },
);

it('GIF differs from the frame before by more at a lower quality, and by nothing at 100', () => {
  expect(settings('gif', { quality: 100 })).toMatchObject({ interFrameMaxError: 0 });
  expect(settings('gif')).toMatchObject({ interFrameMaxError: 8 });
  expect(settings('gif', { quality: 1 })).toMatchObject({ interFrameMaxError: 16 });
});

describe('the number for mozjpeg', () => {
  it.each([
    [1, 2],
    [50, 64],
    [55, 68],
    [80, 85],
    [100, 100],
  ])('for %i is %i', (quality, mozjpeg) => {
    expect(mozjpegQuality(quality)).toBe(mozjpeg);
  });

  it('rises with the quality and stays between it and 100', () => {
    const numbers = Array.from({ length: 100 }, (_, index) => mozjpegQuality(index + 1));

    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    numbers.forEach((number, index) => {
      expect(number).toBeGreaterThanOrEqual(index + 1);
      expect(number).toBeLessThanOrEqual(100);
    });
  });
});
