import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../faults/random.js';
import { atLeast, type Benchmark } from './benchmark.js';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { Origin, type Answer } from './origin.js';
import { picturesOf } from './pictures.js';
import { progress } from './progress.js';
import { cancelled, upload } from './requests.js';
import { ratioOf, spreadOf } from './spread.js';

const COUNT = 4000;
/** Of the images, on hosts that take 10 s or never answer. */
const SLOW_SHARE = 20;
/** So many hosts of each kind, with numbers in this order. */
const OF_A_KIND = 4;
const ANSWERS: Answer[] = [0, 10_000, 'never'];
/** In the URL stands how long the host takes. */
const OF_GOOD = 'http://%/0/%/%';
const POLL_MS = 500;

/** Images a second of the good hosts. */
interface Measured {
  alone: number[];
  among: number[];
}

export const slowHost: Benchmark = {
  name: 'slow-host',
  measures:
    'Images a second of good hosts while 20 % of the images are on hosts that take 10 s or never answer.',
  async run(options) {
    const { alone, among } = await measure(options);
    const ratio = ratioOf(among, alone);
    return {
      tables: [
        {
          title: `Median of ${options.rounds} rounds (lowest–highest), 800 × 800 JPEG, ${OF_A_KIND} hosts of each kind`,
          columns: ['request', 'images a second of the good hosts', '× alone'],
          rows: [
            ['the good hosts alone', spreadOf(alone), 1],
            [`${SLOW_SHARE} % on hosts that take 10 s or never answer`, spreadOf(among), ratio],
          ],
        },
      ],
      goals: [atLeast('speed of the good hosts × alone', ratio.median, 0.9)],
    };
  },
};

async function measure(options: Options): Promise<Measured> {
  const folder = options.pictures ?? (await picturesOf('jpeg-800'));
  const house = await House.start({});
  const measured: Measured = { alone: [], among: [] };
  try {
    for (let round = 0; round <= options.rounds; round += 1) {
      // New ones each time: a worker remembers for minutes which hosts could not bear much.
      const origin = await Origin.start([folder], OF_A_KIND * ANSWERS.length);
      const warmUp = round === 0;
      const count = scaled(warmUp ? COUNT / 4 : COUNT, options);
      progress(`slow-host: round ${round} of ${options.rounds}, ${count} images`);
      const { all, good } = catalogue(origin, count);
      const alone = await speed(house, good, good.length);
      const among = warmUp ? undefined : await speed(house, all, good.length);
      if (among !== undefined) {
        measured.alone.push(alone);
        measured.among.push(among);
      }
      await origin.stop();
    }
    return measured;
  } finally {
    await house.stop();
  }
}

/** The URLs of a catalogue in which one image of five is on a slow or a dead host; the same ones each time. */
function catalogue(origin: Origin, count: number): { all: string[]; good: string[] } {
  const chance = new Random(1, 'slow-host');
  const good: string[] = [];
  const all = Array.from({ length: count }, (_, number) => {
    const isGood = chance.integer(1, 100) > SLOW_SHARE;
    const kind = isGood ? 0 : chance.integer(1, ANSWERS.length - 1);
    const host = kind * OF_A_KIND + chance.integer(0, OF_A_KIND - 1);
    const url = origin.url(number, { host, answer: ANSWERS[kind]! });
    if (isGood) good.push(url);
    return url;
  });
  return { all, good };
}

/** Images a second from the first slice to the last of the `good` images that can be had; the others are then given up. */
async function speed(house: House, urls: string[], good: number): Promise<number> {
  const requestId = await upload(house, urls);
  for (;;) {
    const { rows } = await house.pool.query<{ completed: number; seconds: number }>(
      `SELECT count(*)::int AS completed, extract(epoch FROM max(image.finished_at) - min(started_at))::float8 AS seconds
       FROM processing_request AS request JOIN product_image AS image ON request_id = id
       WHERE id = $1 AND image.status = 'completed' AND source_url LIKE $2`,
      [requestId, OF_GOOD],
    );
    const { completed, seconds } = rows[0]!;
    if (completed === good) {
      await cancelled(house, requestId);
      return good / seconds;
    }
    await delay(POLL_MS);
  }
}
