import * as fc from 'fast-check';
import { ImageError } from '../../../src/processing/image-error.js';
import { outcomeOfError } from '../../../src/processing/retry.js';

const busy = (retryAfterMs?: number) => new ImageError('http_5xx', 'x', { httpStatus: 503, retryAfterMs });

describe('outcomeOfError', () => {
  it('fails at once when trying again cannot help', () => {
    const error = new ImageError('http_404', 'The server has no such image.', { httpStatus: 404 });
    expect(outcomeOfError(error, 0, 4, 0.5)).toEqual({
      kind: 'failed',
      error: { code: 'http_404', message: 'The server has no such image.', httpStatus: 404 },
    });
  });

  it('fails with the last attempt', () => {
    expect(outcomeOfError(busy(), 2, 4, 0.5).kind).toBe('retry');
    expect(outcomeOfError(busy(), 3, 4, 0.5).kind).toBe('failed');
    expect(outcomeOfError(busy(), 0, 1, 0.5).kind).toBe('failed');
  });

  it('lets an error overrule its code: a name that does not exist is not asked for again', () => {
    const gone = new ImageError('dns_failed', 'x', { transient: false });
    expect(outcomeOfError(gone, 0, 4, 0.5).kind).toBe('failed');
    expect(outcomeOfError(new ImageError('dns_failed', 'x'), 0, 4, 0.5).kind).toBe('retry');
  });

  it('doubles the wait, ±25 %', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 18 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const step = Math.min(2000 * 2 ** attempts, 300_000);
          const outcome = outcomeOfError(busy(), attempts, 20, random);
          expect(outcome).toMatchObject({ kind: 'retry' });
          const { delayMs } = outcome as { delayMs: number };
          expect(delayMs).toBeGreaterThanOrEqual(Math.floor(step * 0.75));
          expect(delayMs).toBeLessThanOrEqual(Math.ceil(step * 1.25));
        },
      ),
    );
  });

  it('waits for as long as the origin asks, up to ten minutes', () => {
    expect(outcomeOfError(busy(60_000), 0, 4, 0.5)).toMatchObject({ delayMs: 60_000 });
    expect(outcomeOfError(busy(86_400_000), 0, 4, 0.5)).toMatchObject({ delayMs: 600_000 });
    expect(outcomeOfError(busy(1), 0, 4, 0.5)).toMatchObject({ delayMs: 2000 });
  });
});
