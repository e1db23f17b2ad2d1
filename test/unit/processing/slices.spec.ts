import { jobId, sliceSize, windowSize } from '../../../src/processing/slices.js';

describe('sliceSize', () => {
  it.each([
    [1, 1],
    [64, 1],
    [65, 2],
    [1000, 16],
    [1600, 25],
    [1_000_000, 25],
  ])('%i images go into slices of %i', (images, size) => {
    expect(sliceSize(images)).toBe(size);
  });
});

describe('windowSize', () => {
  it('is twice the slots alive, and never too small for the first worker that comes', () => {
    expect(windowSize(64)).toBe(128);
    expect(windowSize(0)).toBe(32);
  });
});

describe('jobId', () => {
  it('names one pass, without a colon and not of digits only, as BullMQ demands', () => {
    const id = jobId({ requestId: '0199', run: 1, slice: 2, pass: 3 });
    expect(id).toBe('0199-1-2-3');
    expect(id).toMatch(/^(?!\d+$)[^:]+$/);
  });
});
