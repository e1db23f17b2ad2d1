import { createHmac } from 'node:crypto';
import { SECRET_PREFIX } from './secrets.js';

/**
 * The headers that make a body verifiable (Standard Webhooks 1.0). `eventId` holds no dot and stays the same on every
 * attempt; `at` is the attempt's own time. Each secret gives a signature, so that two are valid while one replaces the
 * other.
 */
export function signatureHeaders(
  secrets: string[],
  eventId: string,
  at: Date,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signed = `${eventId}.${timestamp}.${body}`;
  return {
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${hmac(secret, signed)}`).join(' '),
  };
}

function hmac(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return createHmac('sha256', key).update(text).digest('base64');
}
