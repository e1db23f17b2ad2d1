import { bitsOf, parseIp, type IpNumber } from './ip-number.js';

/** First and last address of a range that no public host is in. */
export interface SpecialRange {
  cidr: string;
  first: IpNumber;
  last: IpNumber;
}

// The IANA special-purpose address registries of IPv4 and IPv6, multicast, what is not allocated, and Azure's wire server.
// A few of them can be reached from everywhere (AS112, AMT, anycast of PCP and TURN); none of them has a photograph.
const CIDRS = [
  '0.0.0.0/8',
  '0.0.0.0/32',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.0.0/29',
  '192.0.0.8/32',
  '192.0.0.9/32',
  '192.0.0.10/32',
  '192.0.0.170/31',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
  '::/3',
  '::/128',
  '::1/128',
  '::/96',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001::/32',
  '2001:1::1/128',
  '2001:1::2/128',
  '2001:1::3/128',
  '2001:2::/48',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2001:30::/28',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
  '4000::/2',
  '5f00::/16',
  '8000::/1',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

export const SPECIAL_RANGES: SpecialRange[] = CIDRS.map((cidr) => {
  const [start, prefix] = cidr.split('/');
  const first = parseIp(start!);
  const size = 1n << (bitsOf(first.family) - BigInt(prefix!));
  return { cidr, first, last: { ...first, value: first.value + size - 1n } };
});

/** What the service must take for public: the second opinion, from other tables and other code than its own. */
export function isPublic(ip: IpNumber): boolean {
  // Not net.BlockList: it finds an IPv4 address in ranges of IPv6 that hold the mapped ones.
  const isSpecial = SPECIAL_RANGES.some(
    ({ first, last }) => first.family === ip.family && first.value <= ip.value && ip.value <= last.value,
  );
  return !isSpecial && !isIsatap(ip);
}

/** An IPv4 address behind `0:5efe` or `200:5efe`, inside any prefix. */
function isIsatap({ family, value }: IpNumber): boolean {
  const marker = (value >> 32n) & 0xffff_ffffn;
  return family === 'ipv6' && (marker === 0x5efen || marker === 0x0200_5efen);
}
