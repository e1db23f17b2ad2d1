import { DownloadSlots, type DownloadSlot } from '../../../src/processing/download-slots.js';

const { signal } = new AbortController();
/** As many as may wait for their hosts without a slot. */
const MOST_ASIDE = 512;

let slots: DownloadSlots;
let told: boolean[];

beforeEach(() => {
  jest.useFakeTimers();
  slots = new DownloadSlots(1);
  told = [];
});
afterEach(() => void jest.useRealTimers());

const take = (isHostSlow = false): Promise<DownloadSlot> =>
  slots.take({ key: 'request', signal, isHostSlow, onAside: (aside) => told.push(aside) });

/** Whether what was asked for is had within so many ms. */
async function isHad(taking: Promise<unknown>, ms: number): Promise<boolean> {
  let had = false;
  void taking.then(() => (had = true));
  await jest.advanceTimersByTimeAsync(ms);
  return had;
}

it('goes to the next when the host does not answer for a second', async () => {
  await take();
  const next = take();
  expect(await isHad(next, 999)).toBe(false);
  expect(await isHad(next, 1)).toBe(true);
  expect(told).toEqual([true]);
});

it('goes to the next at once when the host is known to be slow', async () => {
  await take(true);
  expect(await isHad(take(), 1)).toBe(true);
});

it('stays with whose host has answered, and nothing is told', async () => {
  const slot = await take();
  await slot.answered(signal);
  const next = take();
  expect(await isHad(next, 60_000)).toBe(false);
  slot.release();
  expect(await isHad(next, 0)).toBe(true);
  expect(told).toEqual([]);
});

it('is taken again for the body, when it is free', async () => {
  const late = await take();
  const next = take();
  await jest.advanceTimersByTimeAsync(1000);
  const back = late.answered(signal);
  expect(told).toEqual([true, false]);
  await (await next).answered(signal);
  expect(await isHad(back, 60_000)).toBe(false);
  (await next).release();
  expect(await isHad(back, 0)).toBe(true);
  const third = take();
  expect(await isHad(third, 60_000)).toBe(false);
  late.release();
  expect(await isHad(third, 0)).toBe(true);
});

it('is not given up when too many wait without one, until one of them has ended', async () => {
  const aside: DownloadSlot[] = [];
  for (let count = 0; count < MOST_ASIDE; count += 1) {
    aside.push(await take(true));
    await jest.advanceTimersByTimeAsync(1);
  }
  const last = await take(true);
  const next = take(true);
  expect(await isHad(next, 60_000)).toBe(false);
  aside[0]!.release();
  last.release();
  expect(await isHad(next, 0)).toBe(true);
  expect(await isHad(take(), 1)).toBe(true);
});
