/**
 * Starts the service (`node dist/src/start.cjs`). CommonJS, and before anything else, for one reason: libraries
 * read the environment at their first use, and to libuv, which sizes its thread pool then, loading an ES module is one.
 * The pool must be larger than the encoders that run at once (by 4), or DNS look-ups and file writes wait behind pictures:
 * with the default of 4 threads and 8 encoders a look-up was measured to take 5.6 s.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

if (existsSync('.env')) process.loadEnvFile('.env');
const encoders = Number(process.env.WORKER_CONCURRENCY) || 2 * availableParallelism();
process.env.UV_THREADPOOL_SIZE ??= String(encoders + 4);
// libvips decodes pictures of more than 100 MB into a file in /tmp: where that is small, a good one would count as damaged.
process.env.VIPS_DISC_THRESHOLD ??= '4g';
// V8 counts the bytes of images as its own: with them it would walk through all of its heap for every 20 MB that were
// downloaded, a tenth of the CPU time at 650 KB an image. Now for every 90 MB; config/worker-memory.ts reckons with that. One
// encoder alone stays in 512 MB instead.
if (process.env.APP_MODE !== 'api' && encoders > 1) setFlagsFromString('--heap-growing-percent=200');

void import('./main.js');
