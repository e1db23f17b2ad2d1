import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

/** What proxies add when they pass a request on. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Who has none, or one that a proxy passed on unread, is counted with all of that kind. */
const NO_ADDRESS = 'unknown';

/** Whether a program of this machine asks for itself: a proxy on this machine asks for others. */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket;
  if (!ipaddr.isValid(remoteAddress) || FORWARDED.some((name) => name in headers)) return false;
  return ipaddr.process(remoteAddress).range() === 'loopback';
}

/** Whom calls of this address are counted for: whoever has an IPv6 address has the 2^64 of its network. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return NO_ADDRESS;
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6
    ? `${ip.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')}::/64`
    : ip.toString();
}
