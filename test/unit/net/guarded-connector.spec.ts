import type { LookupAddress } from 'node:dns';
import { Agent } from 'undici';
import { guardedConnector, type Lookup } from '../../../src/net/guarded-connector.js';
import { startOrigin, type Origin } from '../../support/origin.js';

// 127.0.0.1 stands for a public address and 127.0.0.2 for a private one; one server would answer at both.
const PUBLIC: LookupAddress = { address: '127.0.0.1', family: 4 };
const PRIVATE: LookupAddress = { address: '127.0.0.2', family: 4 };
const isPublic = (address: string): boolean => address === PUBLIC.address;

let origin: Origin;
let agent: Agent | undefined;

beforeEach(async () => {
  origin = await startOrigin({ host: '0.0.0.0' });
  origin.serve('/', { headers: { connection: 'close' } });
});

afterEach(async () => {
  await agent?.destroy();
  await origin.close();
});

async function get(host: string): Promise<number> {
  const { statusCode, body } = await agent!.request({
    origin: `http://${host}:${origin.port}`,
    path: '/',
    method: 'GET',
  });
  await body.dump();
  return statusCode;
}

function connectWith(lookup: Lookup, isAllowed = isPublic, lookupTimeoutMs?: number): void {
  agent = new Agent({ connect: guardedConnector({ isAllowed, lookup, lookupTimeoutMs }) });
}

function failing(code: string): Lookup {
  return () => Promise.reject(Object.assign(new Error(code), { code }));
}

describe('guardedConnector', () => {
  it('connects to a name whose addresses are all allowed', async () => {
    connectWith(async () => [PUBLIC]);
    await expect(get('shop.example')).resolves.toBe(200);
  });

  it.each([
    ['only address', [PRIVATE]],
    ['first address', [PRIVATE, PUBLIC]],
    ['last address', [PUBLIC, PRIVATE]],
  ])('does not connect when the %s is not allowed', async (_which, addresses) => {
    connectWith(async () => addresses);
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'address_blocked' });
    expect(origin.connections()).toBe(0);
  });

  it('does not connect to an address in the URL that is not allowed, for which nothing is looked up', async () => {
    const lookup = jest.fn<Promise<LookupAddress[]>, [string]>();
    connectWith(lookup);
    await expect(get(PRIVATE.address)).rejects.toMatchObject({ code: 'address_blocked' });
    await expect(get('[::1]')).rejects.toMatchObject({ code: 'address_blocked' });
    expect(lookup).not.toHaveBeenCalled();
    expect(origin.connections()).toBe(0);
  });

  it('looks a name up for every connection, so that one that changes its mind is denied', async () => {
    const answers = [[PUBLIC], [PRIVATE]];
    connectWith(async () => answers.shift()!);
    await expect(get('shop.example')).resolves.toBe(200);
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'address_blocked' });
    expect(answers).toEqual([]);
    expect(origin.connections()).toBe(1);
  });

  it('sends nothing over a socket that turns out to be connected to another address', async () => {
    let asked = 0;
    connectWith(
      async () => [PUBLIC],
      () => (asked += 1) === 1,
    );
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'address_blocked' });
    expect(origin.requests).toEqual([]);
  });

  it('knows a name that does not exist from a resolver that does not work', async () => {
    connectWith(failing('ENOTFOUND'));
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'dns_failed', transient: false });
    connectWith(failing('EAI_AGAIN'));
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'dns_failed', transient: true });
    connectWith(async () => []);
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'dns_failed', transient: false });
  });

  it('does not wait for ever for a resolver that is silent', async () => {
    connectWith(() => new Promise(() => {}), isPublic, 10);
    await expect(get('shop.example')).rejects.toMatchObject({ code: 'dns_failed', transient: true });
  });
});
