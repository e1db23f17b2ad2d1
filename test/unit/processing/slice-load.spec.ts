import { SliceLoad } from '../../../src/processing/slice-load.js';

let told: boolean[];
let load: SliceLoad;

beforeEach(() => {
  told = [];
  load = new SliceLoad([5, 6, 7], (waits) => told.push(waits));
});

it('is none when every image is done or waits for its host', () => {
  load.hostWait(5, true);
  load.done(6);
  expect(told).toEqual([]);
  load.done(7);
  expect(told).toEqual([true]);
});

it('says whether it waits for a host', () => {
  for (const position of [5, 6, 7]) load.done(position);
  expect(told).toEqual([false]);
});

it('is there again when a host has answered', () => {
  load.hostWait(5, true);
  load.done(6);
  load.hostWait(5, false);
  load.done(7);
  expect(told).toEqual([]);
  load.done(5);
  expect(told).toEqual([false]);
});

it('ends for an image whose host never answered', () => {
  load.hostWait(5, true);
  load.done(5);
  load.done(6);
  load.done(7);
  load.done(7);
  expect(told).toEqual([false]);
});
