/**
 * Loaded into a worker before all else (`node --import`): a decoder with a bug. Who decodes an image that ends with the
 * marker is gone as by a wild pointer, without a last word. Reading the header is harmless, as it is with most such bugs.
 */
import sharp from 'sharp';
import { POISON } from './poison-marker.js';

const prototype = sharp.prototype as unknown as {
  options: { input: { buffer?: Uint8Array } };
  toBuffer: (...args: unknown[]) => unknown;
};
const { toBuffer } = prototype;

prototype.toBuffer = function decode(this: typeof prototype, ...args: unknown[]): unknown {
  const { buffer } = this.options.input;
  if (buffer && Buffer.from(buffer).subarray(-POISON.length).equals(POISON))
    process.kill(process.pid, 'SIGSEGV');
  return toBuffer.apply(this, args);
};
