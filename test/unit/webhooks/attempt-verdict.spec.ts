import { failingSinceAfter, isSlow, judgeAttempt } from '../../../src/webhooks/attempt-verdict.js';
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
const judge = (
  attempt: Attempt,
  attempts = 0,
  failingSince: Date | null = null,
  { manual = false, moved = false } = {},
) => judgeAttempt(attempt, { manual, moved, attempts, failingSince, now }, rules, 0.5);

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

  it('leaves the delivery where it is after a failure that somebody asked for, but heeds what it says of the endpoint', () => {
    expect(judge(answered(500), 2, null, { manual: true })).toEqual({ status: 'unmoved' });
    expect(judge(answered(204), 2, null, { manual: true })).toEqual({ status: 'delivered' });
    expect(judge(answered(410), 0, null, { manual: true })).toMatchObject({
      status: 'failed',
      disable: expect.any(String),
    });
    expect(judge(answered(500), 0, daysAgo(5), { manual: true })).toMatchObject({
      disable: expect.any(String),
    });
  });
});

describe('judgeAttempt at an address that the endpoint has left', () => {
  it('goes on by the schedule, and disables nothing', () => {
    const next = { status: 'pending', delayMs: 1000 };
    expect(judge(answered(410), 0, null, { moved: true })).toEqual(next);
    expect(judge(answered(500), 0, daysAgo(5), { moved: true })).toEqual(next);
    expect(judge(answered(410), 0, null, { moved: true, manual: true })).toEqual({ status: 'unmoved' });
    expect(judge(answered(204), 0, null, { moved: true })).toEqual({ status: 'delivered' });
  });
});

describe('failingSinceAfter', () => {
  const after = (attempt: Attempt, failingSince: Date | null) =>
    failingSinceAfter(attempt, { failingSince, now }, rules);

  it('is the time of the first failure, until a success', () => {
    expect(after(answered(500), null)).toEqual(now);
    expect(after(answered(500), daysAgo(3))).toEqual(daysAgo(3));
    expect(after(answered(204), daysAgo(3))).toBeNull();
  });

  it('begins anew after twice the time: so old a failure says nothing of now', () => {
    expect(after(answered(500), new Date(daysAgo(10).getTime() + 1))).not.toEqual(now);
    expect(after(answered(500), daysAgo(10))).toEqual(now);
  });
});

describe('isSlow', () => {
  it('is every failure, and a success of two seconds', () => {
    expect(isSlow(answered(500))).toBe(true);
    expect(isSlow(answered(204, { durationMs: 2000 }))).toBe(true);
    expect(isSlow(answered(204, { durationMs: 1999 }))).toBe(false);
  });
});
