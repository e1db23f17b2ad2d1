import type { RequestOptions } from '../../src/requests/request-options.js';

/**
 * The loops that the service is compared with. `sharp`: decodes and encodes files that are in memory, several at once,
 * and drops the results. `bare`: downloads, encodes and writes as the service does, several at once, and nothing else.
 * `older`: the older systems' way, download, encode and write, one image after another.
 */
export type LoopKind = 'sharp' | 'bare' | 'older';

/** What a loop's process is told to do. */
export interface LoopJob {
  kind: LoopKind;
  /** Of the images, in order. `sharp` takes the files of the folder instead, as many and in the same order. */
  urls: string[];
  folder: string;
  options: RequestOptions;
  /** Encodes at once. */
  encoders: number;
}

export interface LoopAnswer {
  seconds: number;
  /** Why it broke off. */
  error?: string;
}
