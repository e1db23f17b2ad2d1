import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../errors/problem.js';

/**
 * The key that a request was sent with: `Authorization: Bearer KEY` (RFC 6750) or `X-API-Key: KEY`; undefined when there is
 * none. Never from the URL, which ends in logs and histories. Other kinds of Authorization may be a proxy's.
 */
export function readKey(headers: IncomingHttpHeaders): string | undefined {
  const [, bearer] = /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '') ?? [];
  const header = headers['x-api-key'];
  const keys = [bearer, ...(Array.isArray(header) ? header : [header?.trim()])].filter(Boolean);
  if (new Set(keys).size > 1) throw unauthorized('The request has two different keys; send one.');
  return keys[0];
}

/** A 401 with the challenge that HTTP asks for (RFC 9110, 15.5.2). */
export function unauthorized(detail: string, error?: 'invalid_token'): Problem {
  const challenge = `Bearer realm="halftone"${error ? `, error="${error}"` : ''}`;
  return new Problem('unauthorized', detail, { headers: { 'www-authenticate': challenge } });
}
