import fastify from 'fastify';
import { networkRanges } from '../../../src/config/network-ranges.js';

const parse = (text: string): string[] => networkRanges().parse(text);

const GOOD = [
  '10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1/32',
  '128.0.0.0/1',
  '::1',
  'fd00::/8',
  '2001:db8::1/128',
  '::ffff:10.0.0.0/104',
];

describe('networkRanges', () => {
  it('takes addresses and ranges of both kinds', () => {
    expect(parse(GOOD.join(','))).toEqual(GOOD);
    expect(parse(' 10.0.0.1 , fd00::/8 ')).toEqual(['10.0.0.1', 'fd00::/8']);
  });

  it.each([
    '',
    'loopback',
    'proxy.example',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x7f000001',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    'fd00::/129',
    'fd00:::1',
    'fe80::1%eth0',
    '10.0.0.1,',
    'true',
    '*',
  ])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(/^expected addresses or ranges such as/);
  });

  it.each(['0.0.0.0/0', '::/0'])('refuses %s: whoever trusts everyone believes any address', (text) => {
    expect(() => parse(text)).toThrow(/^expected addresses or ranges/);
  });

  it('takes only what the server can start with', () => {
    for (const range of GOOD) expect(() => fastify({ trustProxy: [range] })).not.toThrow();
  });
});
