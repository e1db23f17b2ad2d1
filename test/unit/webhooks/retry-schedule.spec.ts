import * as fc from 'fast-check';
import { parseEnv } from '../../../src/config/env.js';
import { retryDelayMs } from '../../../src/webhooks/retry-schedule.js';

const DEFAULT = parseEnv({}).webhookRetryScheduleMs;
const random = fc.double({ min: 0, max: 1, noNaN: true });
const schedule = fc.array(fc.integer({ min: 0, max: 7 * 24 * 3_600_000 }), { minLength: 1, maxLength: 20 });
const place = schedule.chain((steps) => fc.tuple(fc.constant(steps), fc.nat({ max: steps.length - 1 })));

describe('retryDelayMs', () => {
  it('goes through the default schedule and ends after the tenth attempt', () => {
    const seconds = DEFAULT.map(
      (_, index) => (retryDelayMs(DEFAULT, index + 1, undefined, 0.5) ?? NaN) / 1000,
    );
    expect(seconds).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, NaN]);
  });

  it('stays within a fifth of the step', () => {
    fc.assert(
      fc.property(place, random, ([steps, attempts], chance) => {
        const delay = retryDelayMs(steps, attempts, undefined, chance)!;
        expect(delay).toBeGreaterThanOrEqual(Math.floor(steps[attempts]! * 0.8));
        expect(delay).toBeLessThanOrEqual(Math.ceil(steps[attempts]! * 1.2));
      }),
    );
    expect(retryDelayMs([0, 1000], 1, undefined, 0)).toBe(800);
    expect(retryDelayMs([0, 1000], 1, undefined, 1)).toBe(1200);
  });

  it('honours Retry-After between one and two times the step, whatever it says', () => {
    fc.assert(
      fc.property(place, fc.nat({ max: 1e12 }), random, ([steps, attempts], retryAfterMs, chance) => {
        const step = steps[attempts]!;
        const delay = retryDelayMs(steps, attempts, retryAfterMs, chance)!;
        expect(delay).toBeGreaterThanOrEqual(Math.min(Math.max(retryAfterMs, step), 2 * step));
        expect(delay).toBeLessThanOrEqual(2 * step);
      }),
    );
    expect(retryDelayMs([0, 1000], 1, 1700, 0)).toBe(1700);
  });

  it('has no step after the last', () => {
    fc.assert(
      fc.property(schedule, fc.nat({ max: 50 }), random, (steps, more, chance) => {
        expect(retryDelayMs(steps, steps.length + more, 1000, chance)).toBeUndefined();
      }),
    );
  });
});
