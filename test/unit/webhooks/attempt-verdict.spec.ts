import { judgeAttempt } from '../../../src/webhooks/attempt-verdict.js';
import type { Attempt } from '../../../src/webhooks/attempt.js';

const now = new Date('2026-11-06T00:00:00Z');
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 24 * 3_600_000);
const rules = { scheduleMs: [0, 1000, 60_000], disableAfterMs: 5 * 24 * 3_600_000 };
const answered = (statusCode: number | null, more: Partial<Attempt> = {}): Attempt => ({
  at: now,
  durationMs: 5,
  statusCode,
  error: null,
  response: '',
  ...more,
});
const judge = (attempt: Attempt, attempts = 0, failingSince: Date | null = null) =>
  judgeAttempt(attempt, { attempts, failingSince, now }, rules, 0.5);

describe('judgeAttempt', () => {
  it.each([200, 201, 202, 204, 299])('takes %i for a success', (status) => {
    expect(judge(answered(status))).toEqual({ status: 'delivered' });
  });

  it('takes a 2xx whose body got lost for a success: the receiver has said yes', () => {
    expect(judge(answered(200, { error: 'truncated', response: null }))).toEqual({ status: 'delivered' });
  });

  it.each([301, 302, 304, 307, 400, 404, 429, 500, 503, null])('tries again after %p', (status) => {
    expect(judge(answered(status))).toEqual({ status: 'pending', delayMs: 1000 });
    expect(judge(answered(status), 1)).toEqual({ status: 'pending', delayMs: 60_000 });
  });

  it('fails after the last step', () => {
    expect(judge(answered(500), 2)).toEqual({ status: 'failed' });
  });

  it('hands the Retry-After on to the schedule', () => {
    expect(judge(answered(429, { retryAfterMs: 1900 }))).toEqual({ status: 'pending', delayMs: 1900 });
  });

  it('disables on 410 at once', () => {
    expect(judge(answered(410))).toEqual({ status: 'failed', disable: 'It answered 410 Gone.' });
  });

  it('disables after five days of nothing but failures, not a moment before, and never on a success', () => {
    expect(judge(answered(500), 0, daysAgo(5))).toEqual({
      status: 'failed',
      disable: 'Every attempt since 2026-11-01T00:00:00.000Z failed.',
    });
    expect(judge(answered(500), 0, new Date(daysAgo(5).getTime() + 1)).status).toBe('pending');
    expect(judge(answered(204), 0, daysAgo(9))).toEqual({ status: 'delivered' });
  });
});
