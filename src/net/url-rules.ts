import { isIP } from 'node:net';
import { parseUrl } from '../config/parse-url.js';

/** Which addresses may be fetched from. */
export interface UrlPolicy {
  /** Any port when private addresses are allowed. */
  allowedPorts: number[];
  allowPrivateAddresses: boolean;
}

export type UrlFaultCode =
  | 'url_invalid'
  | 'url_scheme_not_allowed'
  | 'url_has_credentials'
  | 'url_host_invalid'
  | 'url_port_not_allowed'
  | 'url_too_long';

const MAX_URL_LENGTH = 4096;
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };

// `new URL` drops TAB, CR and LF in silence, and NUL or half a surrogate pair cannot be stored.
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * What is wrong with the URL, or undefined when it may be fetched. Nothing is resolved here: an address
 * that is not public is no fault of the text, it is denied where the connection is made.
 */
export function findUrlFault(
  text: string,
  policy: UrlPolicy,
): { code: UrlFaultCode; message: string } | undefined {
  if (text.length > MAX_URL_LENGTH) return fault('url_too_long', 'The URL is longer than 4,096 characters.');
  if (UNPRINTABLE.test(text))
    return fault('url_invalid', 'The URL has a control character or a line break in it.');
  const url = parseUrl(text);
  if (!url) return fault('url_invalid', 'This is not a complete URL such as https://example.com/path.');
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined) {
    return fault('url_scheme_not_allowed', 'The URL must begin with http:// or https://.');
  }
  if (url.username || url.password) {
    return fault('url_has_credentials', 'The URL must not hold a user name or a password.');
  }
  if (!isHost(url.hostname, policy)) {
    return fault('url_host_invalid', 'The host of the URL is not a complete domain name.');
  }
  if (!isPortAllowed(url.port ? Number(url.port) : defaultPort, policy)) {
    return fault(
      'url_port_not_allowed',
      `The port of the URL must be ${policy.allowedPorts.join(' or ')} (ALLOWED_PORTS).`,
    );
  }
  return undefined;
}

function fault(code: UrlFaultCode, message: string): { code: UrlFaultCode; message: string } {
  return { code, message };
}

/** `new URL` has already brought every form of an IPv4 address to four decimal numbers, but takes names of any shape. */
function isHost(hostname: string, policy: UrlPolicy): boolean {
  if (hostname.startsWith('[') || isIP(hostname)) return true;
  const name = hostname.replace(/\.$/, '');
  const labels = name.split('.');
  const complete = labels.length > 1 || policy.allowPrivateAddresses;
  return complete && name.length <= 253 && labels.every((label) => label.length >= 1 && label.length <= 63);
}

function isPortAllowed(port: number, policy: UrlPolicy): boolean {
  return port > 0 && (policy.allowPrivateAddresses || policy.allowedPorts.includes(port));
}
