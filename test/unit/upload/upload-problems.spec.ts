import { asUploadProblem } from '../../../src/upload/upload-problems.js';

const ofDisk = (code: string): Error =>
  Object.assign(new Error(`${code}: write`), { code, syscall: 'write' });

describe('asUploadProblem', () => {
  it.each([
    ['ENOSPC', 'storage_full'],
    ['EDQUOT', 'storage_full'],
    ['EROFS', 'unavailable'],
    ['EIO', 'unavailable'],
  ])('%s of the disk is %s, and worth another try in a minute', (code, problem) => {
    const error = ofDisk(code);
    expect(asUploadProblem(error, 1)).toMatchObject({
      code: problem,
      status: 503,
      extra: { retryAfterSeconds: 60, cause: error },
    });
  });

  it.each([new TypeError('Cannot read properties of undefined'), ofDisk('EBADF')])(
    'leaves as it is what neither a sender nor a disk can cause: %s',
    (error) => {
      expect(asUploadProblem(error, 1)).toBe(error);
    },
  );
});
