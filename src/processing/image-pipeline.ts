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
  /** Told when the image only waits for its host, and when the host has answered after all. */
  onHostWait: (waits: boolean) => void;
}

/** How long an image waits for a place at its host before it lets its slice go on without it, in ms. */
const HOST_WAIT = 10_000;
/** From and to, in ms: when to come back to a storage or database that is away. */
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
      if (outageOf(error)) return postponed(randomInt(...OUTAGE_PAUSE));
      return outcomeOfError(
        this.imageError(image, error),
        image.attempts,
        this.env.imageAttempts,
        Math.random(),
      );
    }
  }

  private async attempt(image: PipelineImage, signals: PipelineSignals): Promise<Outcome> {
    if (await this.outputs.isAway()) return postponed(randomInt(...OUTAGE_PAUSE));
    const source = await this.download(image, signals);
    if (typeof source === 'number') return postponed(source);
    try {
      const output = await this.compress(image, source.bytes, signals.aborting);
      signals.aborting.throwIfAborted(); // nobody would record it
      const key = await this.put(image, output);
      if (!key) return postponed(randomInt(...OUTAGE_PAUSE));
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

  /**
   * The source's bytes, which count as in flight until they are released; a number when its host has no place: come
   * back after so many ms.
   */
  private async download(
    { requestId, sourceUrl }: PipelineImage,
    { stopping, aborting, onHostWait }: PipelineSignals,
  ) {
    const entry = { key: requestId, signal: stopping };
    const place = await this.hosts.enter(hostOf(sourceUrl), { ...entry, waitMs: HOST_WAIT });
    if (typeof place === 'number') return place;
    const slotEntry = { ...entry, isHostSlow: place.isSlow, onAside: onHostWait };
    const slot = await this.limits.downloads.take(slotEntry).catch((error: unknown) => {
      place.leave('failed');
      throw error;
    });
    const inFlight = this.limits.sourceRoom(requestId, aborting);
    const admit = async (contentLength: number | undefined): Promise<void> => {
      place.answered();
      await slot.answered(aborting);
      await inFlight.admit(contentLength);
    };
    try {
      place.ask();
      const bytes = await this.downloader.download(sourceUrl, {
        signal: aborting,
        admit,
        grow: inFlight.grow,
      });
      inFlight.settle(bytes.length);
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
    const memory = await this.limits.pictureRoom(requestId, opened.memoryBytes, aborting);
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

function postponed(delayMs: number): Outcome {
  return { kind: 'postponed', delayMs: Math.round(delayMs) };
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
