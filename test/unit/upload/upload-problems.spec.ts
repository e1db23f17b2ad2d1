import { asUploadProblem } from '../../../src/upload/upload-problems.js';

describe('asUploadProblem', () => {
  it.each([
    new TypeError('Cannot read properties of undefined'),
    Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'write' }),
  ])('leaves as it is what no sender can cause: %s', (error) => {
    expect(asUploadProblem(error, 1)).toBe(error);
  });
});
