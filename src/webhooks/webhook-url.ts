import { isIP } from 'node:net';
import { Problem } from '../errors/problem.js';
import { isPublicAddress } from '../net/public-address.js';
import { findUrlFault, type UrlPolicy } from '../net/url-rules.js';

/** Faults that the URL of a developer's own machine has, and what helps against them. */
const LOCAL_FAULTS = new Set(['url_host_invalid', 'url_port_not_allowed']);
const ALLOW =
  'For development, a service that is started with ALLOW_PRIVATE_ADDRESSES=true takes any host and port.';

/**
 * Throws a 422 that says why no webhook can be sent to the URL. Names are not resolved: what they lead to is checked
 * when a connection is made, and may change until then.
 */
export function assertWebhookUrl(url: string, policy: UrlPolicy): void {
  const fault = findUrlFault(url, policy);
  const message = fault?.message ?? findAddressFault(url, policy);
  if (!message) return;
  const mend = !fault || LOCAL_FAULTS.has(fault.code) ? ` ${ALLOW}` : '';
  throw new Problem('webhook_url_invalid', message + mend);
}

function findAddressFault(url: string, policy: UrlPolicy): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (policy.allowPrivateAddresses || !isIP(host) || isPublicAddress(host)) return undefined;
  return 'The host of the URL is an address that is not on the public internet.';
}
