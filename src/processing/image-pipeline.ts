import { createHash, randomInt } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Env } from '../config/env.js';
import { parseUrl } from '../config/parse-url.js';
import { outageOf } from '../errors/outage.js';
import type { RequestOptions } from '../requests/request-options.js';
import { objectKey } from '../storage/object-key.js';
import { DecodeMarks } from './decode-marks.js';
import { HostLimits } from './host-limits.js';
import { ImageCompressor, type CompressedImage } from './image-compressor.js';
import { ImageDownloader } from './image-downloader.js';
import { ImageError } from './image-error.js';
import type { Outcome } from './outcome.js';
import { OutputStore } from './output-store.js';
import { PipelineLimits } from './pipeline-limits.js';
import { outcomeOfError } from './retry.js';

/** A pending image on its way through the pipeline. */
export interface PipelineImage {
  requestId: string;
  position: number;
  sourceUrl: string;
  /** Attempts used up before this one. */
  attempts: number;
  options: RequestOptions;
  /** Its slice was begun before and not ended: perhaps it kills the process, so it is decoded alone. */
  suspect: boolean;
}

/** `stopping`: do not begin any more; `aborting`: break off. */
export interface PipelineSignals {
  stopping: AbortSignal;
  aborting: AbortSignal;
}

/** How long an image waits for a place at its host before it lets its slice go on without it, in ms. */
const HOST_WAIT = 10_000;
/** From and to, in ms: when to come back for a place at a host, and to a storage or database that is away. */
const HOST_PAUSE = [1000, 3000] as const;
const OUTAGE_PAUSE = [5000, 10_000] as const;

/** One image: download, compress, put. Each step has a limit of its own for the whole process. */
@Injectable()
export class ImagePipeline {
  private readonly logger = new Logger('Pipeline');

  constructor(
    private readonly hosts: HostLimits,
    private readonly downloader: ImageDownloader,
    private readonly compressor: ImageCompressor,
    private readonly marks: DecodeMarks,
    private readonly outputs: OutputStore,
    private readonly limits: PipelineLimits,
    private readonly env: Env,
  ) {}

  /** What came of it. Undefined when the process stopped first: the image stays as it was, no attempt is used up. */
  async run(image: PipelineImage, signals: PipelineSignals): Promise<Outcome | undefined> {
    try {
      return await this.attempt(image, signals);
    } catch (error) {
      if (signals.aborting.aborted || (signals.stopping.aborted && error === signals.stopping.reason))
        return undefined;
      if (outageOf(error)) return postponed(OUTAGE_PAUSE);
      return outcomeOfError(
        this.imageError(image, error),
        image.attempts,
        this.env.imageAttempts,
        Math.random(),
      );
    }
  }

  private async attempt(image: PipelineImage, signals: PipelineSignals): Promise<Outcome> {
    if (await this.outputs.isAway()) return postponed(OUTAGE_PAUSE);
    const source = await this.download(image, signals);
    if (!source) return postponed(HOST_PAUSE);
    try {
      const output = await this.compress(image, source.bytes, signals.aborting);
      signals.aborting.throwIfAborted(); // nobody would record it
      const key = await this.put(image, output);
      if (!key) return postponed(OUTAGE_PAUSE);
      return {
        kind: 'completed',
        objectKey: key,
        keptOriginal: output.keptOriginal,
        contentType: output.contentType,
        width: output.width,
        height: output.height,
        originalSize: source.bytes.length,
        compressedSize: output.bytes.length,
        sha256: createHash('sha256').update(output.bytes).digest('hex'),
      };
    } finally {
      source.release();
    }
  }

  /** The source's bytes, which count as in flight until they are released; undefined when its host has no place. */
  private async download(image: PipelineImage, { stopping, aborting }: PipelineSignals) {
    const { requestId, sourceUrl } = image;
    const place = await this.hosts.enter(hostOf(sourceUrl), { signal: stopping, waitMs: HOST_WAIT });
    if (!place) return undefined;
    const slot = await this.limits.downloads.acquire(requestId, 1, stopping).catch((error: unknown) => {
      place.leave('failed');
      throw error;
    });
    const inFlight = this.limits.reserveBytes(requestId, aborting);
    try {
      const bytes = await this.downloader.download(sourceUrl, { signal: aborting, admit: inFlight.admit });
      inFlight.shrink(bytes.length);
      place.leave('ok');
      return { bytes, release: inFlight.release };
    } catch (error) {
      inFlight.release();
      place.leave(isOverload(error) ? 'overloaded' : 'failed');
      throw error;
    } finally {
      slot.release();
    }
  }

  private async compress(
    image: PipelineImage,
    bytes: Buffer,
    aborting: AbortSignal,
  ): Promise<CompressedImage> {
    const { requestId, suspect } = image;
    const turn = await this.limits.encoders.acquire(requestId, suspect ? Infinity : 1, aborting);
    try {
      const decode = () => this.decode(image, bytes, aborting);
      return suspect ? await this.marks.during(image, aborting, decode) : await decode();
    } finally {
      turn.release();
    }
  }

  private async decode(
    { requestId, options }: PipelineImage,
    bytes: Buffer,
    aborting: AbortSignal,
  ): Promise<CompressedImage> {
    const opened = await this.compressor.open(bytes, options);
    const memory = await this.limits.memory.acquire(requestId, opened.memoryBytes, aborting);
    return this.compressor.compress(opened, options).finally(() => memory.release());
  }

  /** The key of the new object; undefined when the storage takes nothing at all, which is no fault of this image. */
  private async put(
    { requestId, position, sourceUrl }: PipelineImage,
    output: CompressedImage,
  ): Promise<string | undefined> {
    const key = objectKey({ requestId, position, sourceUrl, extension: output.extension });
    return (await this.outputs.put(key, output.bytes, output.contentType)) ? key : undefined;
  }

  private imageError({ requestId, position }: PipelineImage, error: unknown): ImageError {
    if (error instanceof ImageError) return error;
    this.logger.error(
      `image ${position} of ${requestId}: ${(error as Error).message}`,
      (error as Error).stack,
    );
    return new ImageError('internal', 'Something went wrong on our side.', { cause: error });
  }
}

function postponed([from, to]: readonly [number, number]): Outcome {
  return { kind: 'postponed', delayMs: randomInt(from, to) };
}

function hostOf(url: string): string {
  const host = parseUrl(url)?.host;
  if (host === undefined) throw new ImageError('url_invalid', 'The URL is not one that may be fetched.');
  return host;
}

function isOverload(error: unknown): boolean {
  if (!(error instanceof ImageError)) return false;
  return error.code === 'timeout' || error.code === 'http_429' || error.detail.httpStatus === 503;
}
