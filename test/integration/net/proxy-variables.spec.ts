import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCanary, type Canary } from '../../../fuzz/addresses/canary.js';
import { startOrigin, type Origin } from '../../support/origin.js';

const CHILD = join(__dirname, 'fetching-child.mjs');
const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'FTP_PROXY', 'PROXY'];

let proxy: Canary;
let origin: Origin;

beforeEach(async () => {
  proxy = await startCanary();
  origin = await startOrigin();
  origin.serve('/photo.jpg', { body: 'photo' });
});

afterEach(async () => {
  await origin.close();
  await proxy.close();
});

/** What the built service's fetch comes to in a process of its own, with every variable that ever meant a proxy. */
async function fetchInProcess(url: string, settings: Record<string, string>): Promise<string> {
  const address = `http://127.0.0.1:${proxy.port}`;
  const variables = NAMES.flatMap((name) => [name, name.toLowerCase(), `npm_config_${name.toLowerCase()}`]);
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, url, JSON.stringify(settings)], {
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(variables.map((name) => [name, address])),
      // Node 24 and later take the variables for their own fetch and http when they are told to.
      NODE_USE_ENV_PROXY: '1',
      NO_PROXY: '',
      no_proxy: '',
    },
    timeout: 30_000,
  });
  return stdout;
}

describe('with a proxy in every variable of the environment', () => {
  it('an address that is not public is denied, and the proxy not asked', async () => {
    const url = `http://127.0.0.1:${origin.port}/photo.jpg`;
    const settings = { ALLOWED_PORTS: String(origin.port) };
    expect(await fetchInProcess(url, settings)).toBe('address_blocked');
    expect(origin.connections()).toBe(0);
    expect(await proxy.touches()).toBe(0);
  });

  it.each(['http', 'https'])('a name of %s is looked up here, and not by the proxy', async (scheme) => {
    expect(await fetchInProcess(`${scheme}://photos.invalid/`, {})).toBe('dns_failed');
    expect(await proxy.touches()).toBe(0);
  });

  it('what may be fetched comes straight from its host', async () => {
    expect(await fetchInProcess(origin.url('/photo.jpg'), { ALLOW_PRIVATE_ADDRESSES: 'true' })).toBe('photo');
    expect(await proxy.touches()).toBe(0);
  });
});
