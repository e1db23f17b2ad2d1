import { execFile } from 'node:child_process';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';

const run = promisify(execFile);
const DISK = '512m';
const BLOCK = Buffer.alloc(4 * 1024 * 1024);
const FULL_MS = 6000;

export const diskFull: Experiment = {
  name: 'disk-full',
  about: 'the disk of the objects is full for some seconds, then there is room again',
  house: { mount: mountSmallDisk },
  skip: () =>
    process.platform === 'linux' && process.getuid?.() === 0
      ? undefined
      : 'only root on Linux can mount a small disk',
  async run(house) {
    house.parts.origin.delayMs = 300;
    await house.start();
    const upload = await house.upload('catalogue', 150);
    await house.progress(0.2);
    const filler = join(house.parts.directory, 'storage', 'filler');
    await fill(filler);
    house.fault(`disk full for ${FULL_MS / 1000} s`);
    await delay(FULL_MS);
    const refused = await house.api.uploadOnce(upload.csv, 'faults-while-full');
    house.expect(
      refused?.status === 503,
      `an upload to the full disk was answered with ${refused?.status}, not 503`,
    );
    await rm(filler);
    house.healed();
    await retryWhatFailed(house, upload.requestId!);
  },
};

/** What a small disk is too small for may have failed in the end; with room again, it can be had. */
async function retryWhatFailed(house: House, id: string): Promise<void> {
  for (let body = await house.api.status(id); ; body = await house.api.status(id)) {
    if (body.finished_at !== null) {
      if (body.counts.failed === 0) return;
      await house.api.act(id, 'retry');
    }
    await delay(500);
  }
}

async function mountSmallDisk(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0777`, 'halftone-faults', directory]);
  return async () => void (await run('umount', ['--lazy', directory]));
}

/** Leaves no room at all. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let size = BLOCK.length; size >= 4096; size = Math.floor(size / 2)) {
      const block = BLOCK.subarray(0, size);
      while (
        await file.write(block).then(
          ({ bytesWritten }) => bytesWritten === size,
          () => false,
        )
      )
        continue;
    }
  } finally {
    await file.close();
  }
  const { bavail } = await statfs(path);
  if (bavail > 0) throw new Error(`the disk still has ${bavail} free blocks`);
}
