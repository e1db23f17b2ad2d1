import { RateLimits } from '../../../src/auth/rate-limits.js';
import { parseEnv } from '../../../src/config/env.js';
import { Problem } from '../../../src/errors/problem.js';
import { waitFor } from '../../support/wait-for.js';
import { countQueries } from '../../support/count-queries.js';
import { createKeysDatabase, type KeysDatabase } from './keys-database.js';

let database: KeysDatabase;

beforeAll(async () => void (database = await createKeysDatabase()));
beforeEach(async () => void (await database.source.query('TRUNCATE rate_limit')));
afterAll(() => database.close());

/** The limits of one API process. */
const limits = (RATE_LIMIT = '', source = database.source) =>
  new RateLimits(source, parseEnv({ RATE_LIMIT }));

const expectRefused = (call: Promise<unknown>): Promise<Problem> =>
  call.then(
    () => {
      throw new Error('it was not refused');
    },
    (problem: unknown) => problem as Problem,
  );

/** Moves the end of every window that is open. */
const endWindows = (inMs: number): Promise<unknown> =>
  database.source.query('UPDATE rate_limit SET expire = $1', [Date.now() + inMs]);

describe('the calls of a caller', () => {
  it('are counted, and each is told what is left (draft-ietf-httpapi-ratelimit-headers-11)', async () => {
    const process = limits('3');
    for (const left of [2, 1, 0]) {
      const headers = await process.countCall('key_1');
      expect(headers).toEqual({
        'ratelimit-policy': '"call";q=3;w=60',
        ratelimit: expect.stringMatching(new RegExp(`^"call";r=${left};t=(?:[1-9]|[1-5]\\d|60)$`)),
      });
    }
  });

  it('are refused when there are too many, with the time to wait', async () => {
    const process = limits('2');
    await process.countCall('key_1');
    await process.countCall('key_1');
    // The first refusal is the database's answer, the next one the memory's.
    for (let n = 0; n < 2; n += 1) {
      const { code, status, detail, extra } = await expectRefused(process.countCall('key_1'));
      const seconds = extra.retryAfterSeconds!;
      expect({ code, status, detail }).toEqual({
        code: 'rate_limited',
        status: 429,
        detail: `At most 2 a minute. Go on in ${seconds} s.`,
      });
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(extra.headers).toEqual({
        'ratelimit-policy': '"call";q=2;w=60',
        ratelimit: `"call";r=0;t=${seconds}`,
      });
    }
  });

  it('are no other caller’s', async () => {
    const process = limits('1');
    await process.countCall('key_1');
    await process.countCall('192.0.2.1');
    await expectRefused(process.countCall('key_1'));
    await expectRefused(process.countCall('192.0.2.1'));
  });

  it('are counted for all API processes together, also at the same moment', async () => {
    const processes = [limits('50'), limits('50', await database.connect())];
    const calls = await Promise.allSettled(
      Array.from({ length: 80 }, (_, n) => processes[n % 2]!.countCall('key_1')),
    );
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
  });

  it('may go on when the minute is over, in this process and in another', async () => {
    const [process, other] = [limits('1'), limits('1')];
    await process.countCall('key_1');
    await endWindows(2000);
    await expectRefused(process.countCall('key_1'));
    await expectRefused(other.countCall('key_1'));
    const headers = await waitFor('the end of the window', () =>
      process.countCall('key_1').catch(() => undefined),
    );
    expect(headers.ratelimit).toMatch(/^"call";r=0;t=(?:60|59|58)$/);
    await expectRefused(other.countCall('key_1'));
  });

  it('are a minute’s from the first one on', async () => {
    const process = limits('2');
    await process.countCall('key_1');
    await endWindows(1);
    const headers = await waitFor('a new window', async () => {
      const one = await process.countCall('key_1').catch(() => undefined);
      return one?.ratelimit?.includes('r=1') && one;
    });
    expect(headers.ratelimit).toMatch(/t=(?:60|59|58)$/);
  });

  it('cost no query once they are refused', async () => {
    const process = limits('1');
    await process.countCall('key_1');
    await expectRefused(process.countCall('key_1'));
    const blocked = async () => {
      for (let n = 0; n < 100; n += 1) await expectRefused(process.countCall('key_1'));
    };
    expect(await countQueries(database.source, blocked)).toBe(0);
    expect(await countQueries(database.source, () => process.countCall('key_2'))).toBe(1);
  });

  it('may be as many as one likes with RATE_LIMIT=0, and are not even counted', async () => {
    const process = limits('0');
    const calls = async () => {
      for (let n = 0; n < 100; n += 1) expect(await process.countCall('key_1')).toEqual({});
    };
    expect(await countQueries(database.source, calls)).toBe(0);
  });

  it('may be 6,000 a minute unless it is said otherwise', async () => {
    expect((await limits().countCall('key_1'))['ratelimit-policy']).toBe('"call";q=6000;w=60');
  });
});

describe('calls without a valid key', () => {
  it('may be 600 a minute of one address, whatever RATE_LIMIT is, and do not count as its calls', async () => {
    for (const rateLimit of ['0', '5', '']) {
      await database.source.query('TRUNCATE rate_limit');
      const process = limits(rateLimit);
      await process.countRefusal('192.0.2.1');
      await database.source.query('UPDATE rate_limit SET points = 599');
      await process.countRefusal('192.0.2.1');
      const { code, extra } = await expectRefused(process.countRefusal('192.0.2.1'));
      expect(code).toBe('rate_limited');
      expect(extra.headers!['ratelimit-policy']).toBe('"refusal";q=600;w=60');
      await process.countRefusal('192.0.2.2');
      await process.countCall('192.0.2.1');
    }
  });
});
