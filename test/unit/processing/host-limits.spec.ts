import { getEventListeners, getMaxListeners } from 'node:events';
import { parseEnv } from '../../../src/config/env.js';
import { HostLimits, type HostPlace } from '../../../src/processing/host-limits.js';

const { signal } = new AbortController();

function limitsOf(fetchPerHost: number): HostLimits {
  return new HostLimits(parseEnv({ FETCH_PER_HOST: String(fetchPerHost) }));
}

/** A place that has to be free. */
async function enter(limits: HostLimits, host = 'shop.example'): Promise<HostPlace> {
  const place = await limits.enter(host, { key: 'request', signal, waitMs: 0 });
  expect(place).toEqual(expect.any(Object));
  return place as HostPlace;
}

/** Takes every free place of the host. */
async function fill(limits: HostLimits): Promise<HostPlace[]> {
  const places: HostPlace[] = [];
  for (;;) {
    const place = await limits.enter('shop.example', { key: 'request', signal, waitMs: 0 });
    if (typeof place === 'number') return places;
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

/** All places asked, and the host silent for so long. */
async function silent(limits: HostLimits, ms: number): Promise<HostPlace[]> {
  const places = await fill(limits);
  for (const place of places) place.ask();
  jest.advanceTimersByTime(ms);
  return places;
}

describe('the places of a host', () => {
  it('are as many as FETCH_PER_HOST', async () => {
    await expect(countPlaces(limitsOf(32))).resolves.toBe(32);
  });

  it('are its own', async () => {
    const limits = limitsOf(1);
    await enter(limits, 'shop.example');
    expect(await enter(limits, 'cdn.example')).toEqual(expect.any(Object));
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
  it('gets it when it is the turn of its request, however many of another wait', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    const served: string[] = [];
    const waiting = ['a1', 'a2', 'a3', 'b1', 'b2'].map(async (name) => {
      const place = await limits.enter('shop.example', { key: name[0]!, signal, waitMs: 60_000 });
      served.push(name);
      (place as HostPlace).leave('ok');
    });
    taken.leave('ok');
    await Promise.all(waiting);
    expect(served).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });

  it('goes away without one when the time is over, and is not counted', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    const waiting = limits.enter('shop.example', { key: 'request', signal, waitMs: 1 });
    await expect(waiting).resolves.toEqual(expect.any(Number));
    taken.leave('ok');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it('goes away when the signal aborts, and is not counted', async () => {
    const limits = limitsOf(1);
    const taken = await enter(limits);
    const stopping = new AbortController();
    const entry = { key: 'request', signal: stopping.signal, waitMs: 60_000 };
    const waiting = limits.enter('shop.example', entry);
    stopping.abort('stop');
    await expect(waiting).rejects.toBe('stop');
    await expect(limits.enter('shop.example', entry)).rejects.toBe('stop');
    taken.leave('ok');
    await expect(countPlaces(limits)).resolves.toBe(1);
  });

  it('may share the signal with many others, and leaves nothing on it', async () => {
    const limits = limitsOf(1);
    await enter(limits);
    const entry = { key: 'request', signal, waitMs: 1 };
    await Promise.all(Array.from({ length: 30 }, () => limits.enter('shop.example', entry)));
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

describe('a host that is slow', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const enterWithin = (limits: HostLimits, waitMs: number) =>
    limits.enter('shop.example', { key: 'request', signal, waitMs });
  /** How many of those who come now wait for a place, when they would for 10 s. */
  async function countWaiting(limits: HostLimits, coming: number): Promise<number> {
    const sentAway: number[] = [];
    for (let count = 0; count < coming; count += 1) {
      void enterWithin(limits, 10_000).then((place) => typeof place === 'number' && sentAway.push(place));
    }
    await settled();
    return coming - sentAway.length;
  }

  it('lets nobody wait for longer than a second', async () => {
    const limits = limitsOf(32);
    await silent(limits, 8000);
    expect(await countWaiting(limits, 40)).toBe(5); // 8 s / 32 places, four times and the first
  });

  it('is not one that answers: a great many wait for their turn there', async () => {
    const limits = limitsOf(32);
    for (const place of (await silent(limits, 500)).slice(1)) place.leave('ok');
    const places = await fill(limits);
    for (const place of places) place.ask();
    expect(await countWaiting(limits, 400)).toBe(400); // 6.25 s
    expect(await countWaiting(limits, 400)).toBe(241); // up to 10 s
  });

  it('is not one where the downloads wait for us', async () => {
    const limits = limitsOf(4);
    const places = await fill(limits);
    for (const place of places) place.ask();
    for (const place of places.slice(1)) place.answered();
    jest.advanceTimersByTime(20_000);
    expect(await countWaiting(limits, 10)).toBe(10);
  });

  it('sends those away who had begun to wait before it was known', async () => {
    const limits = limitsOf(2);
    const places = await fill(limits);
    for (const place of places) place.ask();
    const waiting = Array.from({ length: 3 }, () => enterWithin(limits, 10_000));
    const left: unknown[] = [];
    for (const each of waiting) void each.then((place) => left.push(place));
    await jest.advanceTimersByTimeAsync(2000);
    expect(left).toEqual([expect.any(Number), expect.any(Number)]); // the third has the next place: in a second
  });

  it('has them come back one after the other, as fast as it answers, but within a minute and a quarter', async () => {
    const limits = limitsOf(4);
    await silent(limits, 8000);
    const times: number[] = [];
    for (let count = 0; count < 50; count += 1) times.push((await enterWithin(limits, 0)) as number);
    for (const [index, time] of times.entries()) {
      const expected = Math.min((index + 1) * 2000, 60_000);
      expect(time).toBeGreaterThanOrEqual(expected);
      expect(time).toBeLessThanOrEqual(expected * 1.25);
    }
  });

  it('is known to be slow by who gets a place there, and remembered', async () => {
    const limits = limitsOf(2);
    expect((await enter(limits)).isSlow).toBe(false);
    for (const place of await silent(limits, 3000)) place.leave('ok');
    expect((await enter(limits)).isSlow).toBe(true);
  });
});

/** Lets every promise that can settle do so. */
const settled = (): Promise<void> =>
  new Promise((resolve) =>
    jest.requireActual<typeof import('node:timers')>('node:timers').setImmediate(resolve),
  );

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
