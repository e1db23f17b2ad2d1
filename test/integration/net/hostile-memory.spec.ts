import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { parseEnv } from '../../../src/config/env.js';
import { memoryBudget } from '../../../src/processing/memory-budget.js';
import { OK } from './hostile-answers.js';
import { saysForEver, startRawHost, type Behaviour, type RawHost } from './raw-host.js';

const CHILD = join(__dirname, 'downloading-child.mjs');
const AT_ONCE = 64;
const KiB = 1024;
/** MAX_IMAGE_BYTES of the child, unless it is said otherwise. */
const MAX_IMAGE = 1024 * KiB;
/**
 * What one download may hold beside the bytes it has counted: a read of 64 KiB that is being parsed, 64 KiB that wait to be
 * taken from the body's stream, and the read that went over the limit; the same again for what the sockets hold ready.
 */
const SLACK = 6 * 64 * KiB;

let host: RawHost;
afterEach(() => host.close());

interface Taken {
  /** How the downloads ended, each way once. */
  codes: string[];
  /** By all sockets. */
  bytesRead: number;
  /** The most that all Buffers of the process held at a time. */
  arrayBuffers: number;
}

async function downloadAtOnce(behaviour: Behaviour, timeout: string, maxImage = MAX_IMAGE): Promise<Taken> {
  host = await startRawHost(behaviour);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CHILD, host.url, String(AT_ONCE), timeout, String(maxImage)],
    {
      env: { PATH: process.env.PATH },
      timeout: 50_000,
    },
  );
  return JSON.parse(stdout) as Taken;
}

const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const bomb = gzipSync(Buffer.alloc(50_000_000));

describe('64 hosts at once, each of which sends for ever', () => {
  it.each<[string, string, Behaviour, { perImage: number; read: number }]>([
    // No end and no length: each download takes as much as an image may have, and no byte more.
    ['bytes', 'too_large_bytes', saysForEver(`${OK}\r\n`, 'x'), { perImage: MAX_IMAGE, read: MAX_IMAGE }],
    // 70 bytes on the line for every 64 of the body.
    [
      'small chunks',
      'too_large_bytes',
      saysForEver(chunked, `40\r\n${'x'.repeat(64)}\r\n`),
      { perImage: MAX_IMAGE, read: 1.1 * MAX_IMAGE },
    ],
    // Refused by their heads, or without one: nothing of a body is kept.
    [
      'the 10 GB it promised',
      'too_large_bytes',
      saysForEver(`${OK}Content-Length: 10000000000\r\n\r\n`, 'x'),
      { perImage: 0, read: 0 },
    ],
    [
      'a bomb',
      'content_encoding',
      saysForEver(`${OK}Content-Encoding: gzip\r\n\r\n`, bomb),
      { perImage: 0, read: 0 },
    ],
    ['headers', 'http_unexpected', saysForEver(OK, `X-A: ${'a'.repeat(200)}\r\n`), { perImage: 0, read: 0 }],
    // Read and thrown away until the time is over.
    [
      'hints',
      'timeout',
      saysForEver('', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
      { perImage: 0, read: Infinity },
    ],
    ['its status', 'timeout', saysForEver('HTTP/1.1 200 ', 'x'), { perImage: 0, read: Infinity }],
  ])('%s: %s', async (_what, code, behaviour, { perImage, read }) => {
    const { codes, bytesRead, arrayBuffers } = await downloadAtOnce(
      behaviour,
      code === 'timeout' ? '2s' : '30s',
    );
    expect(codes).toEqual([code]);
    expect(bytesRead).toBeLessThan(AT_ONCE * (read + SLACK));
    expect(arrayBuffers).toBeLessThan(AT_ONCE * (perImage + SLACK));
  });

  it('large images without a length: they hold no more than there is for sources', async () => {
    const behaviour = saysForEver(`${OK}\r\n`, 'x');
    const { codes, arrayBuffers } = await downloadAtOnce(behaviour, '30s', 8 * MAX_IMAGE);
    expect(codes).toEqual(['too_large_bytes']);
    const { sources } = memoryBudget(parseEnv({ WORKER_CONCURRENCY: '1' }));
    // As much again for those that were broken off and are not collected yet; 64 of them would be 512 MiB.
    expect(arrayBuffers).toBeLessThan(2 * sources + AT_ONCE * SLACK);
  });
});
