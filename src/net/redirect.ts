import { parseUrl } from '../config/parse-url.js';
import { FetchError } from './fetch-error.js';
import { findUrlFault, type UrlPolicy } from './url-rules.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** Where a Location header leads. Throws `redirect_blocked` for what nobody could have given as a URL, and for a step from https down to http. */
export function redirectTarget(from: URL, location: string, policy: UrlPolicy): URL {
  const target = parseUrl(location, from);
  const downgrade = from.protocol === 'https:' && target?.protocol === 'http:';
  if (!target || downgrade || findUrlFault(target.href, policy)) throw new FetchError('redirect_blocked');
  return target;
}
