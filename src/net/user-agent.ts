import { isLoopbackHost } from '../config/loopback-host.js';
import { VERSION } from '../config/version.js';

/** Tells the owner of a host who fetches from it; where we are to be found only when others can reach it. */
export function userAgent(publicUrl: string): string {
  const product = `Halftone/${VERSION}`;
  const host = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  return isLoopbackHost(host) ? product : `${product} (+${publicUrl})`;
}
