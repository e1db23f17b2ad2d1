import type { ProcessingRequest } from './processing-request.entity.js';
import type { CountsBody, OptionsBody, RequestBody } from './request-body.dto.js';
import { remainingSeconds } from './remaining-time.js';
import type { RequestOptions } from './request-options.js';
import { isTerminal } from './request-status.js';

/** What callers and webhooks are told of a request; `now` is what the remaining time counts from. */
export function requestBody(request: ProcessingRequest, now: Date): RequestBody {
  const terminal = isTerminal(request.status);
  const open = openImages(request);
  const csvPath = `/api/download/${request.id}`;
  return {
    request_id: request.id,
    status: request.status,
    run: request.run,
    label: request.label,
    file_name: request.fileName,
    options: optionsBody(request.options),
    product_count: request.productCount,
    image_count: request.imageCount,
    counts: imageCounts(request),
    progress: request.status === 'pending' ? 0 : progress(request.runImageCount, open, terminal),
    eta_seconds: terminal ? null : etaSeconds(request, open, now),
    bytes: {
      input: request.inputBytes,
      output: request.outputBytes,
      saved: request.inputBytes - request.outputBytes,
    },
    created_at: request.createdAt.toISOString(),
    started_at: request.startedAt?.toISOString() ?? null,
    finished_at: request.finishedAt?.toISOString() ?? null,
    expires_at: request.expiresAt?.toISOString() ?? null,
    output_csv_url: terminal ? `${request.publicUrl}${csvPath}` : null,
    output_csv_path: terminal ? csvPath : null,
    products_url: `${request.publicUrl}/api/requests/${request.id}/images`,
  };
}

/** How many images callers see in each status; by subtraction, so that they add up whatever is being written. */
export function imageCounts(request: ProcessingRequest): CountsBody {
  const cancelled = request.status === 'cancelled';
  const open = openImages(request);
  return {
    pending: cancelled ? 0 : open,
    completed: request.completedCount,
    failed: request.failedCount,
    cancelled: cancelled ? open : 0,
  };
}

/** Images without an outcome: pending ones, or those that a cancellation left. */
function openImages({ imageCount, completedCount, failedCount }: ProcessingRequest): number {
  return imageCount - completedCount - failedCount;
}

function optionsBody(options: RequestOptions): OptionsBody {
  const { quality, format, effort, maxWidth, maxHeight } = options;
  return { quality, format, effort, max_width: maxWidth, max_height: maxHeight };
}

/** Percent to one decimal. What is not over must not read as over: 99.96 is 99.9. */
function progress(runImages: number, open: number, terminal: boolean): number {
  const percent = Math.round(((runImages - open) / runImages) * 1000) / 10;
  return Math.min(Math.max(percent, 0), terminal && open === 0 ? 100 : 99.9);
}

function etaSeconds(request: ProcessingRequest, open: number, now: Date): number | null {
  const { startedAt, progressedAt, speed } = request;
  const outcomes = request.runImageCount - open;
  const seconds = remainingSeconds({ startedAt, progressedAt, speed, outcomes, open }, now);
  return seconds === null ? null : Math.ceil(seconds);
}
