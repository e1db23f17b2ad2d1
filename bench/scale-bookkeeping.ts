/**
 * Loaded into a worker before all else (`node --import`): an image needs no download and no pixels, and is stored
 * nowhere. What is left is what the service itself does for it: the queue, the slices, the outcomes.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { ImagePipeline, type PipelineImage } from '../src/processing/image-pipeline.js';
import type { Outcome } from '../src/processing/outcome.js';
import { objectKey } from '../src/storage/object-key.js';

ImagePipeline.prototype.run = async (image: PipelineImage): Promise<Outcome> => {
  await turn();
  return {
    kind: 'completed',
    objectKey: objectKey({ ...image, extension: 'jpg' }),
    keptOriginal: false,
    contentType: 'image/jpeg',
    width: 800,
    height: 800,
    originalSize: 103_000,
    compressedSize: 40_000,
    sha256: randomBytes(32).toString('hex'),
  };
};
