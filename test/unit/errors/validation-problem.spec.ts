import { validationProblem } from '../../../src/errors/validation-problem.js';

describe('validationProblem', () => {
  it('names every wrong and every unknown parameter', () => {
    const problem = validationProblem([
      { property: 'limit', constraints: { query_value: '"limit" must be a whole number' } },
      { property: 'colour', constraints: { whitelistValidation: 'property colour should not exist' } },
    ]);
    expect(problem).toMatchObject({
      status: 422,
      code: 'validation_failed',
      detail: '"limit" must be a whole number. There is no parameter "colour".',
      extra: {
        errors: [
          { code: 'invalid_value', parameter: 'limit', message: '"limit" must be a whole number.' },
          { code: 'unknown_parameter', parameter: 'colour', message: 'There is no parameter "colour".' },
        ],
        errorCount: 2,
      },
    });
  });

  it('puts the name of a parameter in quotes, as it is written', () => {
    const { detail } = validationProblem([
      { property: 'webhook_url', constraints: { isString: 'webhook_url must be a string' } },
    ]);
    expect(detail).toBe('"webhook_url" must be a string.');
  });

  it('names members of members by their path, and writes sentences', () => {
    const { extra } = validationProblem([
      {
        property: 'events',
        children: [{ property: '0', constraints: { isString: 'each value must be a string.' } }],
      },
    ]);
    expect(extra.errors).toEqual([
      { code: 'invalid_value', parameter: 'events.0', message: 'Each value must be a string.' },
    ]);
  });
});
