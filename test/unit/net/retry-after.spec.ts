import { parseRetryAfter } from '../../../src/net/retry-after.js';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const WEEK = 7 * 24 * 3_600_000;

describe('parseRetryAfter', () => {
  it.each([
    ['seconds', '120', 120_000],
    ['no seconds', '0', 0],
    ['seconds with blanks around', ' 7 ', 7000],
    ['a date', 'Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['a date that is over', 'Fri, 20 Nov 2026 11:59:00 GMT', 0],
    ['a year', '31536000', WEEK],
    ['more seconds than a number holds', '9'.repeat(400), WEEK],
    ['a date in the next century', 'Fri, 20 Nov 2126 12:00:00 GMT', WEEK],
  ])('reads %s', (_what, value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });

  it.each([undefined, '', 'soon', '-5', '1.5', '5 s', '2026-11-20', 'Fri, 99 Nov 2026 12:00:30 GMT'])(
    'knows nothing of %j',
    (value) => {
      expect(parseRetryAfter(value, NOW)).toBeUndefined();
    },
  );
});
