import { isIP } from 'node:net';
import { Problem } from '../errors/problem.js';
import { isPublicAddress } from '../net/public-address.js';
import { findUrlFault, type UrlPolicy } from '../net/url-rules.js';

/**
 * Throws a 422 that says why no webhook can be sent to the URL. Names are not resolved: what they lead to is checked
 * when a connection is made, and may change until then.
 */
export function assertWebhookUrl(url: string, policy: UrlPolicy): void {
  const message = findUrlFault(url, policy)?.message ?? findAddressFault(url, policy);
  if (message) throw new Problem('webhook_url_invalid', message);
}

function findAddressFault(url: string, policy: UrlPolicy): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (policy.allowPrivateAddresses || !isIP(host) || isPublicAddress(host)) return undefined;
  return 'The host of the URL is an address that is not on the public internet.';
}
