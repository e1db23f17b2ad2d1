import type { Evidence } from './evidence.js';
import { orphans } from './objects.js';

/** An experiment in numbers. */
export interface Tally {
  images: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Accepted URLs without an end: without a row, still pending, or completed without an object. */
  lost: number;
  /** Images that a counter or an end tells more than once. */
  countedTwice: number;
  orphans: number;
  /** Downloads beyond the one that an image needs, when its origin is well. */
  repeated: number;
}

export function tallyOf(evidence: Evidence): Tally {
  const { uploads, requests, images, objects, hits, steps } = evidence;
  const kept = uploads.filter(({ fate }) => fate !== 'gone');
  const accepted = kept.reduce((sum, upload) => sum + upload.images.length, 0);
  const keys = new Set(objects.map(({ key }) => key));
  const isCancelled = new Set(requests.filter(({ status }) => status === 'cancelled').map(({ id }) => id));
  const count = (which: (image: (typeof images)[number]) => boolean): number => images.filter(which).length;
  const completed = count(({ status, key }) => status === 'completed' && keys.has(key ?? ''));
  const failed = count(({ status }) => status === 'failed');
  const cancelled = count(({ status, requestId }) => status === 'pending' && isCancelled.has(requestId));
  const ends = steps.filter(({ position, after }) => position !== null && after !== 'pending');
  const once = new Set(ends.map(({ requestId, position, run }) => `${requestId} ${position} ${run}`));
  const overcounted = requests.map(
    (request) =>
      request.completed +
      request.failed -
      count(({ requestId, status }) => requestId === request.id && status !== 'pending'),
  );
  const wellBehaved = [...hits].filter(([path]) => path.startsWith('/good/'));
  return {
    images: accepted,
    completed,
    failed,
    cancelled,
    lost: Math.max(accepted - completed - failed - cancelled, 0),
    countedTwice: ends.length - once.size + overcounted.reduce((sum, more) => sum + Math.max(more, 0), 0),
    orphans: orphans(evidence).length,
    repeated: wellBehaved.reduce((sum, [, hit]) => sum + hit - 1, 0),
  };
}
