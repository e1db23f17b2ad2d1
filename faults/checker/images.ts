import { groupBy } from '../group-by.js';
import type { Evidence } from './evidence.js';
import type { ImageRow, RequestRow } from './database-rows.js';

const TERMINAL = new Set(['completed', 'failed', 'cancelled']);

/** By request; images of no request stand under its id, too. */
export function imagesByRequest(images: ImageRow[]): Map<string, ImageRow[]> {
  return groupBy(images, ({ requestId }) => requestId);
}

export function imagesThatAreMissing({ uploads, requests, images }: Evidence): string[] {
  const rows = imagesByRequest(images);
  const known = new Set(uploads.flatMap(({ requestId }) => requestId ?? []));
  const strangers = requests
    .filter(({ id }) => !known.has(id))
    .map(({ id }) => `nobody was told of request ${id}`);
  const missing = uploads.flatMap((upload) => {
    const { name, requestId, fate } = upload;
    if (requestId === undefined) return [`upload ${name} was never answered`];
    const own = rows.get(requestId) ?? [];
    const request = requests.find(({ id }) => id === requestId);
    if (fate === 'gone')
      return request || own.length > 0 ? [`${name} was removed, and ${own.length} images are there`] : [];
    if (!request) return [`${name} was accepted as ${requestId}, which is not there`];
    const differs =
      own.length !== upload.images.length || own.some(({ url }, at) => url !== upload.images[at]!.url);
    return differs
      ? [`${name}: ${upload.images.length} URLs were accepted, ${own.length} image rows stand for them`]
      : [];
  });
  return [...strangers, ...missing];
}

export function wrongCounters({ requests, images, drifts }: Evidence): string[] {
  const rows = imagesByRequest(images);
  const wrong = requests.flatMap((request) => {
    const own = rows.get(request.id) ?? [];
    const completed = own.filter(({ status }) => status === 'completed');
    const counted = {
      images: own.length,
      completed: completed.length,
      failed: own.filter(({ status }) => status === 'failed').length,
      input: sum(completed.map(({ original }) => original)),
      output: sum(completed.map(({ compressed }) => compressed)),
    };
    const said = {
      images: request.imageCount,
      completed: request.completed,
      failed: request.failed,
      input: request.inputBytes,
      output: request.outputBytes,
    };
    const [a, b] = [JSON.stringify(said), JSON.stringify(counted)];
    return a === b ? [] : [`request ${request.id} says ${a}, its rows say ${b}`];
  });
  return [...wrong, ...drifts];
}

/** From the audit: what ended twice within a run, or was changed after its end. */
export function endsThatWereLeft({ steps }: Evidence): string[] {
  const breaches: string[] = [];
  const ended = new Map<string, string>();
  for (const { requestId, position, run, before, after, sameObject } of steps) {
    const what = `${position === null ? 'request' : `image ${position} of`} ${requestId}`;
    const end = `${what}, run ${run}`;
    const isRetry = before !== 'completed' && after === 'pending';
    if (TERMINAL.has(before) && ended.has(end)) breaches.push(`${end}: ${ended.get(end)}, then ${after}`);
    else if (position !== null && before === 'completed')
      breaches.push(`${end}: completed before, then ${after}`);
    else if (TERMINAL.has(before) && !isRetry && position !== null)
      breaches.push(`${end}: ${before}, then ${after}${sameObject ? '' : ' with another object'}`);
    if (TERMINAL.has(after)) ended.set(end, after);
  }
  return breaches;
}

export function unfinishedWork({ requests, images, slices }: Evidence): string[] {
  const open = requests.filter(({ status, deleted }) => !TERMINAL.has(status) || deleted);
  const cancelled = new Set(requests.filter(({ status }) => status === 'cancelled').map(({ id }) => id));
  const pending = images.filter((image) => image.status === 'pending' && !cancelled.has(image.requestId));
  const requestOf = new Map(requests.map((request) => [request.id, request]));
  const worked = slices.filter(
    ({ requestId, run, state }) =>
      ['queued', 'running'].includes(state) ||
      (state === 'waiting' && isCurrent(requestOf.get(requestId), run)),
  );
  return [
    ...open.map(({ id, status, deleted }) => `request ${id} is ${deleted ? 'still to be removed' : status}`),
    ...(pending.length > 0
      ? [`${pending.length} images are pending, such as ${pending[0]!.position} of ${pending[0]!.requestId}`]
      : []),
    ...worked.map(
      ({ requestId, run, number, state }) => `slice ${number} of run ${run} of ${requestId} is ${state}`,
    ),
  ];
}

/** Whether what waits in this run should still be worked. */
function isCurrent(request: RequestRow | undefined, run: number): boolean {
  return request !== undefined && request.status !== 'cancelled' && request.run === run;
}

/** Infrastructure trouble never fails an image, and an origin that is well is never said not to be. */
export function wrongEnds({ uploads, requests, images }: Evidence): string[] {
  const rows = imagesByRequest(images);
  const statusOf = new Map(requests.map(({ id, status }) => [id, status]));
  return uploads.flatMap(({ name, requestId, images: expected, fate }) => {
    const own = requestId === undefined ? [] : (rows.get(requestId) ?? []);
    const status = statusOf.get(requestId ?? '');
    const wrongFate =
      fate === 'cancelled' && status !== 'cancelled' ? [`${name} should be cancelled and is ${status}`] : [];
    const wrong = own.flatMap(({ position, status: is, error }) => {
      const end = is === 'failed' ? error! : is;
      const should = expected[position]?.ends ?? 'nothing';
      if (end === should || (end === 'pending' && fate === 'cancelled')) return [];
      return [`image ${position} of ${name} is ${end}, and should be ${should}`];
    });
    return [...wrongFate, ...wrong];
  });
}

function sum(numbers: (number | null)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}
