import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Upload } from '../upload.js';

/** Until what was sent has been read on the other side, about. */
const ARRIVAL_MS = 50;

/**
 * Sends a share of an upload (of 1) over a connection of its own, the headers in any case, and leaves it at that;
 * `untilAnswer` waits for an answer, or for the connection to break.
 */
export async function sendSlowly(
  apiUrl: string,
  upload: Upload,
  webhookUrl: string,
  share: number,
  untilAnswer = false,
): Promise<void> {
  const form = new FormData();
  form.append('webhook_url', webhookUrl);
  form.append('file', new Blob([upload.csv], { type: 'text/csv' }), 'products.csv');
  const whole = new Response(form);
  const body = Buffer.from(await whole.arrayBuffer());
  const outgoing = request(`${apiUrl}/api/upload`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': whole.headers.get('content-type')!,
      'content-length': body.length,
      'idempotency-key': upload.idempotencyKey,
    },
  });
  const broken = once(outgoing, 'error').catch(() => undefined);
  const answered = once(outgoing, 'response').catch(() => undefined);
  outgoing.on('error', () => undefined);
  outgoing.on('response', (response) => response.resume());
  outgoing.flushHeaders();
  const sent = body.subarray(0, Math.floor(body.length * share));
  if (sent.length === body.length) outgoing.end(sent);
  else outgoing.write(sent);
  if (untilAnswer) await Promise.race([broken, answered]);
  else await delay(ARRIVAL_MS);
}
