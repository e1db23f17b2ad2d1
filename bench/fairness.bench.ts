import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Benchmark } from './benchmark.js';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { Origin } from './origin.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { cancelled, untilEnded, upload } from './requests.js';
import { percentile, ratioOf, spreadOf } from './spread.js';

const LARGE = 100_000;
const SMALL = 10;
/** Small requests one after the other, in each state of the service; their median counts. */
const REPEATS = 7;
/** Between the beginning of the large request and the first small one, in ms. */
const RUN_IN_MS = 3000;

/** Milliseconds from the POST of a small request to its end. */
interface Measured {
  idle: number[];
  beside: number[];
}

export const fairness: Benchmark = {
  name: 'fairness',
  measures: 'Time of a request of 10 images, alone and while one of 100,000 from the same host runs.',
  async run(options) {
    const { idle, beside } = await measure(options);
    const ratio = ratioOf(beside, idle);
    return {
      tables: [
        {
          title: `Milliseconds from POST to the end, median of ${options.rounds} rounds (lowest–highest), 800 × 800 JPEG`,
          columns: [`request of ${SMALL} images`, 'ms', '× alone'],
          rows: [
            ['alone', spreadOf(idle), 1],
            [`while one of ${scaled(LARGE, options)} runs`, spreadOf(beside), ratio],
          ],
        },
      ],
      goals: [atMost('time beside a large request × alone', ratio.median, 3)],
    };
  },
};

async function measure(options: Options): Promise<Measured> {
  const origin = await Origin.start([options.pictures ?? (await picturesOf('jpeg-800'))]);
  const house = await House.start({});
  const measured: Measured = { idle: [], beside: [] };
  try {
    await untilEnded(house, await upload(house, origin.urls(500)));
    for (let round = 1; round <= options.rounds; round += 1) {
      progress(`fairness: round ${round} of ${options.rounds}`);
      measured.idle.push(await smallOnes(house, origin));
      const large = await upload(house, origin.urls(scaled(LARGE, options)));
      await delay(RUN_IN_MS);
      measured.beside.push(await smallOnes(house, origin));
      await cancelled(house, large);
    }
    return measured;
  } finally {
    await house.stop();
    await origin.stop();
  }
}

async function smallOnes(house: House, origin: Origin): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) times.push(await smallOne(house, origin));
  return percentile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Its end by the database's clock, which is this machine's. */
async function smallOne(house: House, origin: Origin): Promise<number> {
  const begin = Date.now();
  const requestId = await upload(house, origin.urls(SMALL));
  await untilEnded(house, requestId);
  const { rows } = await house.pool.query<{ end: Date }>(
    'SELECT finished_at AS end FROM processing_request WHERE id = $1',
    [requestId],
  );
  return rows[0]!.end.getTime() - begin;
}
