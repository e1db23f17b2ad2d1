import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '../config/loopback-host.js';
import { parseUrl } from '../config/parse-url.js';

/**
 * Whether a browser sends this for a page of another site. Without keys, reaching us from this machine is all that it
 * takes, and every page that somebody opens here can do that: with a form, or under a name of its own that it lets
 * resolve to loopback (DNS rebinding). A link that is followed is no harm: its page does not see the answer.
 */
export function isForeignPage({ method, headers }: IncomingMessage, publicUrl: string): boolean {
  const host = parseUrl(`http://${headers.host ?? ''}`);
  if (!host || !isOwnName(host.hostname, publicUrl)) return true;
  const { origin } = headers;
  if (origin !== undefined && parseUrl(origin)?.host !== host.host && origin !== new URL(publicUrl).origin) {
    return true;
  }
  const site = headers['sec-fetch-site'];
  const follows = headers['sec-fetch-mode'] === 'navigate' && method === 'GET';
  return (site === 'cross-site' || site === 'same-site') && !follows;
}

function isOwnName(hostname: string, publicUrl: string): boolean {
  return isLoopbackHost(hostname.replace(/^\[|\]$/g, '')) || hostname === new URL(publicUrl).hostname;
}
