// Written without a library, so that what checks the service does not share its mistakes.

/** An IP address as a number, of 32 or 128 bits. */
export interface IpNumber {
  family: 'ipv4' | 'ipv6';
  value: bigint;
}

export const bitsOf = (family: IpNumber['family']): bigint => (family === 'ipv4' ? 32n : 128n);

/** Of an address in its usual text: four decimal numbers, or eight groups of which one run of zeros may be `::`. */
export function parseIp(text: string): IpNumber {
  if (!text.includes(':')) return { family: 'ipv4', value: join(text.split('.').map(BigInt), 8n) };
  const [head = [], tail] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = tail ? Array.from({ length: 8 - head.length - tail.length }, () => '0') : [];
  const groups = [...head, ...zeros, ...(tail ?? [])];
  return {
    family: 'ipv6',
    value: join(
      groups.map((group) => BigInt(`0x${group}`)),
      16n,
    ),
  };
}

/** The usual text; an IPv6 address in eight groups, without `::`. */
export function formatIp({ family, value }: IpNumber): string {
  return family === 'ipv4'
    ? split(value, 8n, 4).join('.')
    : split(value, 16n, 8)
        .map((group) => group.toString(16))
        .join(':');
}

/** The parts of the number, `bits` each, the highest first. */
export function split(value: bigint, bits: bigint, parts: number): bigint[] {
  return Array.from({ length: parts }, (_, index) => {
    return (value >> (bits * BigInt(parts - 1 - index))) & ((1n << bits) - 1n);
  });
}

function join(parts: bigint[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | part, 0n);
}
