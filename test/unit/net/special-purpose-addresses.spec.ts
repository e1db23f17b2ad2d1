import { bitsOf, formatIp, type IpNumber } from '../../../fuzz/addresses/ip-number.js';
import { isPublic, SPECIAL_RANGES } from '../../../fuzz/addresses/special-purpose.js';
import { isPublicAddress } from '../../../src/net/public-address.js';

const move = (ip: IpNumber, by: bigint): IpNumber => ({ ...ip, value: ip.value + by });
const exists = ({ family, value }: IpNumber): boolean => value >= 0n && value < 1n << bitsOf(family);

describe.each(SPECIAL_RANGES)('the special-purpose range $cidr', ({ first, last }) => {
  it('is public nowhere', () => {
    const middle = move(first, (last.value - first.value) / 2n);
    for (const ip of [first, move(first, last.value > first.value ? 1n : 0n), middle, last]) {
      expect([formatIp(ip), isPublicAddress(formatIp(ip))]).toEqual([formatIp(ip), false]);
    }
  });

  it('begins and ends where it should', () => {
    for (const ip of [move(first, -1n), move(last, 1n)].filter(exists)) {
      expect([formatIp(ip), isPublicAddress(formatIp(ip))]).toEqual([formatIp(ip), isPublic(ip)]);
    }
  });
});

it('has public neighbours, or the test above would show nothing', () => {
  const neighbours = SPECIAL_RANGES.flatMap(({ first, last }) => [move(first, -1n), move(last, 1n)]);
  expect(neighbours.filter(exists).filter(isPublic).length).toBeGreaterThan(40);
});
