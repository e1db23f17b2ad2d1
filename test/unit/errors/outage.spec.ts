import { isOutage } from '../../../src/errors/outage.js';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe('isOutage', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', '08006', '57P01', '57P03', '53300'])(
    '%s is one',
    (code) => {
      expect(isOutage(withCode(code))).toBe(true);
    },
  );

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect'])(
    '%s is one',
    (message) => {
      expect(isOutage(new Error(message))).toBe(true);
    },
  );

  it.each([withCode('42P01'), withCode('57014'), withCode('ENOSPC'), new Error('x'), 'x', null, undefined])(
    '%s is none',
    (error) => {
      expect(isOutage(error)).toBe(false);
    },
  );
});
