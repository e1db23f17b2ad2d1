import { clockDifference } from '../../../src/processing/clock-difference.js';

it.each([
  ['within the question and the answer', 1000, 1500, 2000, 0],
  ['at the question', 1000, 1000, 2000, 0],
  ['before the question: this clock is ahead', 10_000, 4000, 12_000, 6000],
  ['after the answer: this clock is behind', 10_000, 18_000, 12_000, -6000],
])('a database time %s', (_, asked, databaseTime, answered, difference) => {
  expect(clockDifference(asked, databaseTime, answered)).toBe(difference);
});
