import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostmaster, parsePostmasterPid } from '../../../src/database/postmaster-pid.js';

const fileOf = (pid: number, status: string) =>
  `${pid}\n/data/postgres/data\n1795229110\n41234\n\n127.0.0.1\n 16039950         4\n${status}\n`;

describe('parsePostmasterPid', () => {
  it('reads process id, port and readiness', () => {
    expect(parsePostmasterPid(fileOf(812, 'ready   '))).toEqual({ pid: 812, port: 41234, ready: true });
  });

  it.each(['starting', 'stopping'])('does not take a server that is %s for ready', (status) => {
    expect(parsePostmasterPid(fileOf(812, status))?.ready).toBe(false);
  });

  it('reads the file of a server that has only just begun to write it', () => {
    expect(parsePostmasterPid('812\n/data/postg')).toEqual({ pid: 812, port: undefined, ready: false });
  });

  it.each(['', '\n', 'x\n', '-5\n', '0\n'])('finds no server in %j', (text) => {
    expect(parsePostmasterPid(text)).toBeUndefined();
  });
});

describe('findPostmaster', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'halftone-pid-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('finds nothing without a file', async () => {
    await expect(findPostmaster(directory)).resolves.toEqual({ running: undefined, stalePid: undefined });
  });

  it('takes no other program for the server, though it has the process id in the file', async () => {
    await writeFile(join(directory, 'postmaster.pid'), fileOf(process.pid, 'ready'));
    await expect(findPostmaster(directory)).resolves.toEqual({ running: undefined, stalePid: process.pid });
  });
});
