import { outageOf } from '../../../src/errors/outage.js';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe('outageOf', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', '08006', '57P01', '57P03', '53300'])(
    '%s: nobody is there',
    (code) => {
      expect(outageOf(withCode(code))).toBe('Its database cannot be reached.');
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
  ])('%s: nobody is there', (message) => {
    expect(outageOf(new Error(message))).toBe('Its database cannot be reached.');
  });

  it.each([
    ['53100', 'The disk of its database is full.'],
    ['53200', 'Its database is out of memory.'],
    ['25006', 'Its database takes no changes: it is read-only.'],
    ['57014', 'Its database is too busy.'],
    ['55P03', 'Its database is too busy.'],
    ['40001', 'Its database is too busy.'],
    ['40P01', 'Its database is too busy.'],
  ])('%s: %s', (code, sentence) => {
    expect(outageOf(withCode(code))).toBe(sentence);
  });

  it.each([
    withCode('42P01'),
    withCode('ENOSPC'),
    withCode('constructor'),
    new Error('x'),
    'x',
    null,
    undefined,
  ])('%s is none', (error) => {
    expect(outageOf(error)).toBeUndefined();
  });
});
