// downloading-child.mjs URL COUNT TIMEOUT MAX_IMAGE_BYTES: so many downloads at once with the built service, admitted as the pipeline admits them.
// Prints {codes, bytesRead, arrayBuffers}: how each ended, what all sockets took, and the most memory of Buffers beyond the beginning's.
import { subscribe } from 'node:diagnostics_channel';
import { parseEnv } from '../../../dist/src/config/env.js';
import { GuardedFetch } from '../../../dist/src/net/guarded-fetch.js';
import { ImageDownloader } from '../../../dist/src/processing/image-downloader.js';
import { PipelineLimits } from '../../../dist/src/processing/pipeline-limits.js';

const [url, count, timeout, maxImageBytes] = process.argv.slice(2);
const env = parseEnv({
  ALLOW_PRIVATE_ADDRESSES: 'true',
  FETCH_CONCURRENCY: count,
  FETCH_PER_HOST: count,
  FETCH_TIMEOUT: timeout,
  MAX_IMAGE_BYTES: maxImageBytes,
  WORKER_CONCURRENCY: '1',
});
const sockets = [];
subscribe('undici:client:connected', ({ socket }) => sockets.push(socket));
const guarded = new GuardedFetch(env);
const downloader = new ImageDownloader(guarded, env);
const limits = new PipelineLimits(env);

const before = process.memoryUsage().arrayBuffers;
let most = before;
const sample = () => void (most = Math.max(most, process.memoryUsage().arrayBuffers));
const sampling = setInterval(sample, 2);

const { signal } = new AbortController();
async function download() {
  const inFlight = limits.sourceRoom('a request', signal);
  try {
    const bytes = await downloader.download(url, { signal, admit: inFlight.admit, grow: inFlight.grow });
    return `${bytes.length} bytes`;
  } catch (error) {
    return error.code;
  } finally {
    sample();
    inFlight.release();
  }
}

const codes = await Promise.all(Array.from({ length: Number(count) }, download));
clearInterval(sampling);
const bytesRead = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
process.stdout.write(JSON.stringify({ codes: [...new Set(codes)], bytesRead, arrayBuffers: most - before }));
await guarded.onApplicationShutdown();
