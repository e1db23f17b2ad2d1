import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import { FetchError } from './fetch-error.js';

/** All addresses of a host name, as `dns.lookup` gives them. */
export type Lookup = (hostname: string) => Promise<LookupAddress[]>;

/** From the look-up to the end of the TLS handshake. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Node gives an address 250 ms before it tries the next; another continent under load takes longer. */
const NEXT_ADDRESS_MS = 1_000;

/**
 * Makes undici connect only to addresses that are allowed. The check sits where the socket is opened, so
 * that redirects, pooled connections and names that resolve differently the second time all pass it.
 */
export function guardedConnector({
  isAllowed,
  lookup,
  lookupTimeoutMs = 5_000,
}: {
  isAllowed: (address: string) => boolean;
  lookup: Lookup;
  lookupTimeoutMs?: number;
}): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: CONNECT_TIMEOUT_MS,
    autoSelectFamily: true, // hands `lookup` the option `all`: it answers with a list
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    lookup: (hostname, _options, callback) => callbackify(resolve)(hostname, callback),
  });

  async function resolve(hostname: string): Promise<LookupAddress[]> {
    const addresses = await inTime(lookup(hostname), lookupTimeoutMs);
    // One bad address denies all: which of them is connected to is not ours to choose.
    if (!addresses.every(({ address }) => isAllowed(address))) throw new FetchError('address_blocked');
    return addresses;
  }

  return (options, callback) => {
    // Node never calls `lookup` for a host that is an address already.
    if (isIP(options.hostname) && !isAllowed(options.hostname)) {
      return queueMicrotask(() => callback(new FetchError('address_blocked'), null));
    }
    connect(options, (error, socket) => {
      if (error) return callback(error, null);
      const { remoteAddress } = socket;
      if (remoteAddress !== undefined && isAllowed(remoteAddress)) return callback(null, socket);
      socket.destroy();
      // No address: the host has hung up already.
      callback(new FetchError(remoteAddress === undefined ? 'connect_failed' : 'address_blocked'), null);
    });
  };
}

/** The addresses that a look-up found. Throws `dns_failed`: for good when there is no such name, else it may help to try again. */
async function inTime(lookup: Promise<LookupAddress[]>, timeoutMs: number): Promise<LookupAddress[]> {
  const timer = new AbortController();
  const silence = sleep(timeoutMs, undefined, { signal: timer.signal, ref: false });
  try {
    const addresses = await Promise.race([lookup, silence]);
    if (addresses && addresses.length > 0) return addresses;
    throw new FetchError('dns_failed', { transient: addresses === undefined });
  } catch (error) {
    if (error instanceof FetchError) throw error;
    const unknownName = (error as NodeJS.ErrnoException).code === 'ENOTFOUND';
    throw new FetchError('dns_failed', { transient: !unknownName, cause: error });
  } finally {
    timer.abort();
  }
}
