import { exceeds, fitWithin, uprightSize } from '../../../src/processing/output-size.js';

const size = { width: 400, height: 300 };

it.each([
  [
    { maxWidth: null, maxHeight: null },
    { width: 400, height: 300 },
  ],
  [
    { maxWidth: 400, maxHeight: 300 },
    { width: 400, height: 300 },
  ],
  [
    { maxWidth: 800, maxHeight: null },
    { width: 400, height: 300 },
  ],
  [
    { maxWidth: 200, maxHeight: null },
    { width: 200, height: 150 },
  ],
  [
    { maxWidth: 200, maxHeight: 75 },
    { width: 100, height: 75 },
  ],
  [
    { maxWidth: 1, maxHeight: null },
    { width: 1, height: 1 },
  ],
])('within %j is %j', (bounds, fitted) => {
  expect(fitWithin(size, bounds)).toEqual(fitted);
});

it('exceeds by either side', () => {
  expect(exceeds(size, { maxWidth: 399, maxHeight: null })).toBe(true);
  expect(exceeds(size, { maxWidth: null, maxHeight: 299 })).toBe(true);
  expect(exceeds(size, { maxWidth: 400, maxHeight: 300 })).toBe(false);
  expect(exceeds(size, { maxWidth: null, maxHeight: null })).toBe(false);
});

it.each([1, 2, 3, 4])('orientation %i stands', (orientation) => {
  expect(uprightSize({ ...size, orientation })).toEqual(size);
});

it.each([5, 6, 7, 8])('orientation %i lies on its side', (orientation) => {
  expect(uprightSize({ ...size, orientation })).toEqual({ width: 300, height: 400 });
});
