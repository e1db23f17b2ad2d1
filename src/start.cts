/**
 * Starts the service (`node dist/src/start.cjs`). CommonJS, and before anything else, for one reason: libraries
 * read the environment at their first use, and to libuv, which sizes its thread pool then, loading an ES module is one.
 * The pool must be larger than the encoders that run at once (by 4), or DNS look-ups and file writes wait behind pictures:
 * with the default of 4 threads and 8 encoders a look-up was measured to take 5.6 s.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

if (existsSync('.env')) process.loadEnvFile('.env');
const encoders = Number(process.env.WORKER_CONCURRENCY) || 2 * availableParallelism();
process.env.UV_THREADPOOL_SIZE ??= String(encoders + 4);
// libvips decodes pictures of more than 100 MB into a file in /tmp: where that is small, a good one would count as damaged.
process.env.VIPS_DISC_THRESHOLD ??= '4g';

void import('./main.js');
