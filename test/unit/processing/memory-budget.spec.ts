import { parseEnv } from '../../../src/config/env.js';
import { memoryBudget } from '../../../src/processing/memory-budget.js';

const MiB = 1024 ** 2;

/** MiB of sources and of pictures. */
function budget(settings: Record<string, string>): [number, number] {
  const { sources, pictures } = memoryBudget(parseEnv(settings));
  return [sources / MiB, pictures / MiB];
}

it.each([
  ['1', 64, 192],
  ['2', 76, 228],
  ['4', 132, 396],
])('grows with WORKER_CONCURRENCY: %s', (concurrency, sources, pictures) => {
  expect(budget({ WORKER_CONCURRENCY: concurrency })).toEqual([sources, pictures]);
});

it('is what WORKER_MEMORY leaves of the process itself', () => {
  expect(budget({ WORKER_CONCURRENCY: '8', WORKER_MEMORY: '1GiB' })).toEqual([120, 360]);
});

it('has room for two of the largest sources', () => {
  expect(budget({ WORKER_CONCURRENCY: '1', MAX_IMAGE_BYTES: '100MiB' })).toEqual([200, 600]);
  expect(budget({ WORKER_CONCURRENCY: '1', WORKER_MEMORY: '384MiB', MAX_IMAGE_BYTES: '16MiB' })).toEqual([
    32, 96,
  ]);
});
