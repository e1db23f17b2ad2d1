import { SlowPlaces } from '../../../src/webhooks/slow-places.js';

const PLACES = 128;
const LINE = 1000;

/** All places taken, and `waiting` endpoints behind them. */
function crowded(waiting: number): SlowPlaces {
  const places = new SlowPlaces();
  for (let index = 0; index < PLACES; index += 1) expect(places.take(`at-${index}`)).toBe(true);
  for (let index = 0; index < waiting; index += 1) expect(places.take(`waits-${index}`)).toBe(false);
  return places;
}

describe('SlowPlaces', () => {
  it('wakes those in line one by one, in their order, each once', () => {
    const places = crowded(2);
    expect(places.take('waits-0')).toBe(false); // woken again by somebody else: it keeps its place in the line
    expect(places.free()).toEqual(['waits-0']);
    expect(places.take('waits-0')).toBe(true);
    expect(places.free()).toEqual(['waits-1']);
    expect(places.free()).toEqual([]);
  });

  it('takes out of the line who got a place by itself', () => {
    const places = crowded(2);
    places.free();
    expect(places.take('waits-1')).toBe(true);
    expect(places.free()).toEqual([]);
  });

  it('remembers only so many; the reconciler wakes the others', () => {
    const places = crowded(LINE + 1);
    const woken = Array.from({ length: PLACES }, () => places.free()).flat();
    expect(woken).toHaveLength(PLACES);
    for (let index = 0; index < PLACES; index += 1) places.take(`waits-${index}`);
    expect(places.take(`waits-${LINE}`)).toBe(false);
    const rest: string[] = [];
    for (let [next] = places.free(); next !== undefined; [next] = places.free()) rest.push(next);
    expect(rest.at(-1)).toBe(`waits-${LINE}`);
    expect(rest).toHaveLength(LINE - PLACES + 1);
  });
});
