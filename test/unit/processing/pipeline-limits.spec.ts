import { parseEnv } from '../../../src/config/env.js';
import { PipelineLimits } from '../../../src/processing/pipeline-limits.js';

const MiB = 1024 ** 2;
const { signal } = new AbortController();

const limits = (settings: Record<string, string> = {}) =>
  new PipelineLimits(parseEnv({ WORKER_CONCURRENCY: '1', ...settings }));

async function isAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise<void>((resolve) => setImmediate(resolve));
  return settled;
}

it('lets pictures in as long as their estimates fit together', async () => {
  const limit = limits();
  await limit.pictureRoom('a', 100 * MiB, signal);
  expect(await isAtOnce(limit.pictureRoom('a', 92 * MiB, signal))).toBe(true);
  expect(await isAtOnce(limit.pictureRoom('b', 1, signal))).toBe(false);
});

it('lets a picture that needs more than all there is run alone', async () => {
  const limit = limits();
  const small = await limit.pictureRoom('a', MiB, signal);
  const large = limit.pictureRoom('a', 2000 * MiB, signal);
  expect(await isAtOnce(large)).toBe(false);
  small.release();
  await large;
  expect(await isAtOnce(limit.pictureRoom('a', 1, signal))).toBe(false);
});

it('refuses it when WORKER_MEMORY says what there is', async () => {
  const limit = limits({ WORKER_CONCURRENCY: '1', WORKER_MEMORY: '512MiB' });
  await expect(limit.pictureRoom('a', 192 * MiB + 1, signal)).rejects.toMatchObject({
    code: 'too_many_pixels',
    transient: false,
    message: 'The image would take 202 MB of memory; at most 201 MB are allowed.',
  });
  expect(await isAtOnce(limit.pictureRoom('a', 192 * MiB, signal))).toBe(true);
});
