import { getEventListeners, getMaxListeners } from 'node:events';
import { parseEnv } from '../../../src/config/env.js';
import { HostLimits, type HostPlace } from '../../../src/processing/host-limits.js';

const { signal } = new AbortController();

function limitsOf(fetchPerHost: number): HostLimits {
  return new HostLimits(parseEnv({ FETCH_PER_HOST: String(fetchPerHost) }));
}

/** A place that has to be free. */
async function enter(limits: HostLimits, host = 'shop.example'): Promise<HostPlace> {
  const place = await limits.enter(host, { signal, waitMs: 0 });
  expect(place).toBeDefined();
  return place!;
}

/** Takes every free place of the host. */
async function fill(limits: HostLimits): Promise<HostPlace[]> {
  const places: HostPlace[] = [];
  for (;;) {
    const place = await limits.enter('shop.example', { signal, waitMs: 0 });
    if (!place) return places;
    places.push(place);
  }
}

async function countPlaces(limits: HostLimits): Promise<number> {
  const places = await fill(limits);
  for (const place of places) place.leave('failed');
  return places.length;
}

async function succeed(limits: HostLimits, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) (await enter(limits)).leave('ok');
}

describe('the places of a host', () => {
  it('are as many as FETCH_PER_HOST', async () => {
    await expect(countPlaces(limitsOf(32))).resolves.toBe(32);
  });

  it('are its own', async () => {
    const limits = limitsOf(1);
    await enter(limits, 'shop.example');
    await expect(limits.enter('cdn.example', { signal, waitMs: 0 })).resolves.toBeDefined();
  });

  it('come free when they are left', async () => {
    const limits = limitsOf(2);
    const [first] = await fill(limits);
    first!.leave('ok');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it.each(['ok', 'failed'] as const)('stay as many after %s', async (result) => {
    const limits = limitsOf(8);
    for (const place of await fill(limits)) place.leave(result);
    await expect(countPlaces(limits)).resolves.toBe(8);
  });
});

describe('who waits for a place', () => {
  it('gets it first come first served', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    const served: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const place = await limits.enter('shop.example', { signal, waitMs: 60_000 });
      served.push(number);
      place!.leave('ok');
    });
    taken.leave('ok');
    await Promise.all(waiting);
    expect(served).toEqual([1, 2, 3]);
  });

  it('goes away without one when the time is over, and is not counted', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    await expect(limits.enter('shop.example', { signal, waitMs: 1 })).resolves.toBeUndefined();
    taken.leave('ok');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it('goes away when the signal aborts, and is not counted', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    const stopping = new AbortController();
    const waiting = limits.enter('shop.example', { signal: stopping.signal, waitMs: 60_000 });
    stopping.abort('stop');
    await expect(waiting).rejects.toBe('stop');
    await expect(limits.enter('shop.example', { signal: stopping.signal, waitMs: 0 })).rejects.toBe('stop');
    taken.leave('ok');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it('may share the signal with many others, and leaves nothing on it', async () => {
    const limits = limitsOf(1);
    await enter(limits);
    await Promise.all(Array.from({ length: 30 }, () => limits.enter('shop.example', { signal, waitMs: 1 })));
    expect(getMaxListeners(signal)).toBe(Infinity); // or Node warns of a leak
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a host that is overloaded', () => {
  it('has half as many places, and half of those, but not less than 4', async () => {
    const limits = limitsOf(32);
    const counts: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      (await enter(limits)).leave('overloaded');
      counts.push(await countPlaces(limits));
    }
    expect(counts).toEqual([16, 8, 4, 4, 4]);
  });

  it('falls once when many downloads that ran together fail of it', async () => {
    const limits = limitsOf(32);
    for (const place of await fill(limits)) place.leave('overloaded');
    await expect(countPlaces(limits)).resolves.toBe(16);
  });

  it('keeps fewer than 4 places when FETCH_PER_HOST is smaller', async () => {
    const limits = limitsOf(2);
    (await enter(limits)).leave('overloaded');
    await expect(countPlaces(limits)).resolves.toBe(2);
  });

  it('takes in nobody new until enough have left', async () => {
    const limits = limitsOf(8);
    const places = await fill(limits);
    for (const place of places.slice(0, 4)) place.leave('overloaded');
    await expect(countPlaces(limits)).resolves.toBe(0);
    places[4]!.leave('failed');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it('recovers by one after as many successes as it has places, up to where it was', async () => {
    const limits = limitsOf(6);
    (await enter(limits)).leave('overloaded');
    await succeed(limits, 3);
    await expect(countPlaces(limits)).resolves.toBe(4);
    await succeed(limits, 1);
    await expect(countPlaces(limits)).resolves.toBe(5);
    await succeed(limits, 5 + 6 + 7);
    await expect(countPlaces(limits)).resolves.toBe(6);
  });

  it('begins to recover anew when it is overloaded again', async () => {
    const limits = limitsOf(8);
    (await enter(limits)).leave('overloaded');
    await succeed(limits, 3);
    (await enter(limits)).leave('overloaded');
    await succeed(limits, 3);
    await expect(countPlaces(limits)).resolves.toBe(4);
  });
});

describe('the memory of hosts', () => {
  afterEach(() => void jest.useRealTimers());

  it('holds only those that are downloaded from', async () => {
    const limits = limitsOf(4);
    const places = await Promise.all(
      Array.from({ length: 100 }, (_, index) => enter(limits, `${index}.example`)),
    );
    expect(limits.size).toBe(100);
    for (const place of places) place.leave('ok');
    expect(limits.size).toBe(0);
  });

  it('keeps one that was overloaded for a while, from its last download on', async () => {
    const limits = limitsOf(8);
    jest.useFakeTimers();
    (await enter(limits)).leave('overloaded');
    jest.advanceTimersByTime(4 * 60_000);
    (await enter(limits)).leave('failed');
    jest.advanceTimersByTime(4 * 60_000);
    expect(limits.size).toBe(1);
    jest.advanceTimersByTime(60_000);
    expect(limits.size).toBe(0);
    jest.useRealTimers();
    await expect(countPlaces(limits)).resolves.toBe(8);
  });
});
