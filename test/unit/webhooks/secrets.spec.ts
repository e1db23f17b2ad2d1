import { newSecret, retireSecret, signingSecrets } from '../../../src/webhooks/secrets.js';

const now = new Date('2026-11-20T09:30:00.123Z');
const after = (ms: number): Date => new Date(now.getTime() + ms);
const DAY = 24 * 3_600_000;
/** So many replaced secrets, the newest first, one an hour. */
const retired = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    secret: `whsec_${index}`,
    until: after(DAY - index * 3_600_000).toISOString(),
  }));

describe('retireSecret', () => {
  it('puts the replaced secret first, for a day', () => {
    expect(retireSecret('whsec_old', retired(2), now)).toEqual([
      { secret: 'whsec_old', until: '2026-11-21T09:30:00.123Z' },
      ...retired(2),
    ]);
  });

  it('forgets those that are over', () => {
    const [kept] = retired(1);
    const over = { secret: 'whsec_over', until: now.toISOString() };
    expect(retireSecret('whsec_old', [kept!, over], now).map(({ secret }) => secret)).toEqual([
      'whsec_old',
      kept!.secret,
    ]);
  });

  it('keeps nine, and refuses a tenth rather than drop the oldest', () => {
    expect(retireSecret('whsec_old', retired(8), now)).toHaveLength(9);
    const oldest = retired(9).at(-1)!;
    expect(() => retireSecret('whsec_old', retired(9), now)).toThrow(
      expect.objectContaining({ code: 'too_many_secrets', detail: expect.stringContaining(oldest.until) }),
    );
  });

  it('counts only those that still sign', () => {
    const over = { secret: 'whsec_over', until: now.toISOString() };
    expect(retireSecret('whsec_old', [...retired(8), over], now)).toHaveLength(9);
  });
});

describe('signingSecrets', () => {
  const endpoint = {
    secret: newSecret(),
    retiredSecrets: [{ secret: 'whsec_old', until: after(1).toISOString() }],
  };

  it('is the secret, and each replaced one until its time is over', () => {
    expect(signingSecrets(endpoint, now)).toEqual([endpoint.secret, 'whsec_old']);
    expect(signingSecrets(endpoint, after(1))).toEqual([endpoint.secret]);
  });

  it('gives a header of less than a kilobyte, however often it was rotated', () => {
    const secrets = signingSecrets({ secret: newSecret(), retiredSecrets: retired(9) }, now);
    expect(secrets).toHaveLength(10);
    expect(secrets.length * 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= '.length).toBeLessThan(1024);
  });
});
