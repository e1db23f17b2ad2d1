import ipaddr from 'ipaddr.js';

/** Azure's wire server answers every virtual machine at an ordinary unicast address. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/**
 * Whether an IP address, as text, belongs to a host on the public internet. Only ranges that are known to be
 * public pass: what a library does not know yet, or what wraps an IPv4 address, be it a public one, is not one.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.parse(address);
  if (ip.range() !== 'unicast') return false;
  return ip instanceof ipaddr.IPv6 ? isGlobalUnicast(ip.toByteArray()) : ip.toString() !== AZURE_WIRE_SERVER;
}

/** IPv6 is allocated from 2000::/3 only; ISATAP (::[02]00:5efe:a.b.c.d) tunnels to an IPv4 address inside any prefix. */
function isGlobalUnicast(bytes: number[]): boolean {
  const isatap =
    (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return bytes[0]! >> 5 === 1 && !isatap;
}
