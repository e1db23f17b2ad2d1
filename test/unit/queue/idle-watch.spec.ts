import { IdleWatch } from '../../../src/queue/idle-watch.js';

let waiting: number;
let watch: IdleWatch;

beforeEach(() => {
  waiting = 1;
  watch = new IdleWatch(2, async () => waiting);
});

/** What it says at so many looks. */
async function looks(count: number): Promise<boolean[]> {
  const verdicts: boolean[] = [];
  for (let look = 0; look < count; look += 1) verdicts.push(await watch.isDeaf());
  return verdicts;
}
const never = (count: number): boolean[] => Array.from({ length: count }, () => false);

it('is deaf that leaves jobs waiting at six looks, while it has nothing to do', async () => {
  expect(await looks(6)).toEqual([...never(5), true]);
});

it('hears that has taken one meanwhile', async () => {
  expect(await looks(5)).toEqual(never(5));
  watch.taken();
  watch.ended();
  expect(await looks(6)).toEqual([...never(5), true]);
});

it('is not deaf but busy, until a place is free', async () => {
  watch.taken();
  watch.taken();
  expect(await looks(7)).toEqual(never(7));
  watch.ended();
  expect(await looks(6)).toEqual([...never(5), true]);
});

it('is not deaf when there is nothing to hear', async () => {
  await looks(5);
  waiting = 0;
  expect(await looks(1)).toEqual([false]);
  waiting = 1;
  expect(await looks(5)).toEqual(never(5));
});

it('is not deaf while the store is away', async () => {
  watch = new IdleWatch(2, () => Promise.reject(new Error('away')));
  expect(await looks(7)).toEqual(never(7));
});
