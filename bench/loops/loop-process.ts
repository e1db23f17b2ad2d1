import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { LocalDisk } from '../../src/storage/local-disk.js';
import { filesOf } from '../pictures.js';
import { encode, sourceOf } from './encode.js';
import type { LoopAnswer, LoopJob } from './loop-job.js';

/** Downloads ahead of the encoders; more gain nothing where the host answers at once. */
const DOWNLOADS = 16;
const agent = new Agent({ connections: DOWNLOADS });

/** Takes numbers from 0 to `count` - 1 until none is left, in `lanes` lanes at once. */
async function inLanes(lanes: number, count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function download(url: string): Promise<Buffer> {
  const { body } = await request(url, { dispatcher: agent });
  return Buffer.from(await body.arrayBuffer());
}

/** A place for `limit` at once, first come first served. */
function gate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => void waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** Writes as the service does: under another name, synced, renamed, the folder synced. */
async function withDisk(
  work: (put: (number: number, bytes: Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'halftone-bench-loop-'));
  const disk = await LocalDisk.open(directory);
  const folder = '00000000-0000-7000-8000-000000000000';
  try {
    await work((number, bytes) =>
      disk.put(`${folder}/${number}-${randomBytes(16).toString('hex')}-a.jpg`, bytes),
    );
  } finally {
    disk.onModuleDestroy();
    await rm(directory, { recursive: true, force: true });
  }
}

async function runSharp(files: Buffer[], { urls, options, encoders }: LoopJob): Promise<void> {
  const sources = await Promise.all(files.map(sourceOf));
  await inLanes(encoders, urls.length, async (number) => {
    const at = number % files.length;
    await encode(files[at]!, sources[at]!, options);
  });
}

async function runBare(files: Buffer[], { urls, options, encoders }: LoopJob): Promise<void> {
  const sources = await Promise.all(files.map(sourceOf));
  const inTurn = gate(encoders);
  await withDisk((put) =>
    inLanes(DOWNLOADS, urls.length, async (number) => {
      const bytes = await download(urls[number]!);
      await put(number, await inTurn(() => encode(bytes, sources[number % sources.length]!, options)));
    }),
  );
}

async function runOlder(files: Buffer[], { urls, options }: LoopJob): Promise<void> {
  const sources = await Promise.all(files.map(sourceOf));
  await withDisk((put) =>
    inLanes(1, urls.length, async (number) => {
      await put(
        number,
        await encode(await download(urls[number]!), sources[number % sources.length]!, options),
      );
    }),
  );
}

const LOOPS = { sharp: runSharp, bare: runBare, older: runOlder };

process.on('message', (job: LoopJob) => {
  void (async (): Promise<LoopAnswer> => {
    const files = await Promise.all((await filesOf(job.folder)).map((file) => readFile(file)));
    const begin = performance.now();
    await LOOPS[job.kind](files, job);
    return { seconds: (performance.now() - begin) / 1000 };
  })()
    .catch((error: Error) => ({ seconds: NaN, error: error.message }))
    .then((answer) => process.send!(answer));
});
process.send!('ready');
