import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** Bytes of one read. */
const BLOCK_BYTES = 65_536;

/** More bytes came than are allowed. */
export class SpoolLimitError extends Error {}

/** An upload's bytes on disk, to be read as often as needed. */
export interface Spool {
  bytes: number;
  /** Of the bytes, in hex. */
  sha256: string;
  /** A new reading from the first byte on, to its end or not. */
  read(): Readable;
  close(): Promise<void>;
}

/**
 * Writes `source` to disk. The file loses its name as soon as it is open, so nothing remains of it however the process
 * ends; its space is given back with `close`. Throws SpoolLimitError over `maxBytes`, and the source's error when the
 * sender breaks off.
 */
export async function spool(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  maxBytes: number,
): Promise<Spool> {
  const file = await openNameless(directory);
  try {
    const { bytes, sha256 } = await write(source, file, maxBytes);
    return {
      bytes,
      sha256,
      read: () => Readable.from(blocksOf(file), { objectMode: false }),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function write(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
  maxBytes: number,
): Promise<Pick<Spool, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new SpoolLimitError(`more than ${maxBytes} bytes`);
    hash.update(chunk);
    await file.appendFile(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** By hand: a stream of `node:fs` closes the file with itself when it is left early, `autoClose` or not. */
async function* blocksOf(file: FileHandle): AsyncGenerator<Buffer> {
  let position = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
