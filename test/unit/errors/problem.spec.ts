import { PROBLEMS, type ProblemCode } from '../../../src/errors/problem-catalogue.js';
import { Problem } from '../../../src/errors/problem.js';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

describe('the problems', () => {
  it.each(CODES)('%s is one of those of the contract', (code) => {
    expect([400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503]).toContain(
      PROBLEMS[code].status,
    );
  });

  it.each(CODES)('%s has a title without a full stop and a help of sentences', (code) => {
    expect(PROBLEMS[code].title).toMatch(/^[A-Z].*[^.]$/);
    expect(PROBLEMS[code].help).toMatch(/^[A-Z].*\.$/);
  });

  it('are Errors that keep their cause', () => {
    const cause = new Error('why');
    const problem = new Problem('not_found', 'There is no request with this id.', { cause });
    expect(problem).toMatchObject({ status: 404, title: 'Not found', cause });
    expect(problem.message).toBe('There is no request with this id.');
  });
});
