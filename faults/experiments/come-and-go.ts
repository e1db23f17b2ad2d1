import { setTimeout as delay } from 'node:timers/promises';
import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';

const APIS = 2;
const WORKERS = 4;
const IMAGES = 300;
/** The catalogue that comes when all who come are there. */
const LATER = 'later-catalogue';
const PAUSE_MS = 200;

export const comeAndGo: Experiment = {
  name: 'come-and-go',
  about: 'two APIs and four workers under load: one of each is lost for good, one of each is added',
  house: { apis: APIS, workers: WORKERS },
  async run(house) {
    house.parts.origin.delayMs = 300;
    await house.start();
    const { requestId } = await house.upload('catalogue', IMAGES);
    const over = new AbortController();
    const calling = callUntil(house, requestId!, over.signal);
    try {
      await house.progress(0.15);
      await house.lose('worker');
      await house.parts.random.pause(0, 1000);
      await house.lose('api');
      await house.parts.random.pause(0, 1000);
      await house.add('worker');
      await house.add('api');
      // However long that took, there is work for those who came.
      await house.upload(LATER, IMAGES);
      await house.progress(0.9);
      // What took time until now was the load.
      house.healed();
    } finally {
      over.abort();
      await calling;
    }
  },
  async verify(house) {
    const [row] = await house.look<{ workers: number }>(
      `SELECT count(DISTINCT worker_id)::int AS workers FROM slice WHERE request_id = $1`,
      [house.uploads.find(({ name }) => name === LATER)!.requestId],
    );
    house.expect(row!.workers === WORKERS, `${row!.workers} of ${WORKERS} workers took part in the end`);
    const { answers, unexpected } = house.api;
    house.expect(answers.size === APIS + 1, `${answers.size} of ${APIS + 1} APIs answered`);
    house.expect(unexpected.length === 0, `unexpected answers: ${unexpected.join(', ')}`);
  },
};

/** Small catalogues come in, and somebody watches the large one: through whichever API is next. */
async function callUntil(house: House, watched: string, over: AbortSignal): Promise<void> {
  for (let number = 0; !over.aborted; number += 1) {
    await house.upload(`small-${number}`, 3);
    await house.api.status(watched);
    await delay(PAUSE_MS);
  }
}
