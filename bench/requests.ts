import { setTimeout as delay } from 'node:timers/promises';
import type { RequestOptions } from '../src/requests/request-options.js';
import type { House } from './house.js';

/** Seldom: the questions cost PostgreSQL too, and the times are its own. */
const POLL_MS = 250;

/** How a request went, from its first slice to its last image. */
export interface Ended {
  seconds: number;
  completed: number;
  failed: number;
}

/** Uploads a CSV with one image a row; gives the request's id. Throws when it is refused. */
export async function upload(
  house: House,
  urls: string[],
  options: Partial<RequestOptions> = {},
): Promise<string> {
  const csv = ['Product Name,Input Image Urls', ...urls.map((url, row) => `Product ${row},${url}`)].join(
    '\n',
  );
  const query = new URLSearchParams(
    Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const response = await fetch(`${house.api.url}/api/upload?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  });
  const body = (await response.json()) as { request_id: string; detail?: string };
  if (response.status !== 202) throw new Error(`upload: ${response.status} ${body.detail}`);
  return body.request_id;
}

/** Waits until the request is terminal; times are the database's. Throws when images failed and none may. */
export async function untilEnded(house: House, requestId: string, mayFail = false): Promise<Ended> {
  for (;;) {
    const { rows } = await house.pool.query<Ended>(
      `SELECT extract(epoch FROM finished_at - started_at)::float8 AS seconds,
         completed_count AS completed, failed_count AS failed
       FROM processing_request WHERE id = $1 AND status NOT IN ('pending', 'processing')`,
      [requestId],
    );
    const [ended] = rows;
    if (ended?.failed && !mayFail) throw new Error(`${ended.failed} images failed`);
    if (ended) return ended;
    await delay(POLL_MS);
  }
}

/** Cancels the request, and waits until nobody works on it any more: the next measurement has the service for itself. */
export async function cancelled(house: House, requestId: string): Promise<void> {
  await fetch(`${house.api.url}/api/requests/${requestId}/cancel`, { method: 'POST' });
  for (;;) {
    const { rowCount } = await house.pool.query(
      `SELECT FROM slice WHERE request_id = $1 AND state = 'running'`,
      [requestId],
    );
    if (rowCount === 0) return;
    await delay(POLL_MS);
  }
}
