import { jobId, queueOf, sliceSize, windowSize } from '../../../src/processing/slices.js';

describe('sliceSize', () => {
  it.each([
    [1, 1],
    [4, 1],
    [8, 2],
    [10, 3],
    [192, 3],
    [193, 4],
    [1000, 16],
    [1600, 25],
    [1_000_000, 25],
  ])('%i images go into slices of %i', (images, size) => {
    expect(sliceSize(images)).toBe(size);
  });
});

describe('windowSize', () => {
  it('is as many as the slots alive, and never too small for the first worker that comes', () => {
    expect(windowSize(64, 100_000)).toBe(64);
    expect(windowSize(0, 100_000)).toBe(16);
  });

  it('holds all of a small request', () => {
    for (const images of [10, 64, 320]) {
      expect(windowSize(0, images)).toBeGreaterThanOrEqual(images / sliceSize(images));
    }
    expect(windowSize(0, 321)).toBe(16);
  });
});

describe('queueOf', () => {
  it('keeps slices of a few images apart from the others', () => {
    expect([1, 5, 6, 25].map(queueOf)).toEqual(['small-slices', 'small-slices', 'slices', 'slices']);
  });
});

describe('jobId', () => {
  it('names one pass, without a colon and not of digits only, as BullMQ demands', () => {
    const id = jobId({ requestId: '0199', run: 1, slice: 2, pass: 3 });
    expect(id).toBe('0199-1-2-3');
    expect(id).toMatch(/^(?!\d+$)[^:]+$/);
  });
});
