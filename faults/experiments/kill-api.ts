import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';
import type { Upload } from '../upload.js';
import { sendSlowly } from './slow-upload.js';

/** Parts of the body after which the API dies; the rest is not sent. */
const BODY_SHARES = [0, 0.4, 0.99];
/** Messages to PostgreSQL after which it dies: within the transaction, about its commit, and after it. */
const MESSAGES = [1, 4, 7, 10, 13, 16, 20];
const IMAGES = 12;

export const killApi: Experiment = {
  name: 'kill-api',
  about: 'kill -9 of the API at ten points of an upload; each is repeated with its Idempotency-Key',
  short: true,
  async run(house) {
    const { random } = house.parts;
    house.parts.origin.delayMs = 20;
    await house.start();
    for (const share of BODY_SHARES) {
      const upload = house.plan(`body-${share * 100}`, IMAGES);
      await sendSlowly(house.api.url, upload, house.parts.receiver.url(upload.name), share);
      await killAndRepeat(house, upload);
    }
    for (const point of MESSAGES) {
      const message = point + random.integer(0, 2);
      const upload = house.plan(`message-${message}-of-${point}`, IMAGES);
      await sendUntilMessage(house, upload, message);
      await killAndRepeat(house, upload);
    }
  },
};

async function killAndRepeat(house: House, upload: Upload): Promise<void> {
  house.kill(house.parts.apis[0]!);
  await house.send(upload);
}

/** Sends the whole upload, and comes back when so many messages went to PostgreSQL, or when there was an answer. */
async function sendUntilMessage(house: House, upload: Upload, message: number): Promise<void> {
  const { proxies, receiver } = house.parts;
  // As far away as a database in the next town, so that the messages do not run together.
  proxies.api.latencyMs = 3;
  let seen = 0;
  const reached = new Promise<void>((resolve) => {
    proxies.api.onRequest = () => {
      seen += 1;
      if (seen === message) resolve();
      return false;
    };
  });
  const answered = sendSlowly(house.api.url, upload, receiver.url(upload.name), 1, true);
  await Promise.race([reached, answered]);
  proxies.api.onRequest = undefined;
  proxies.api.latencyMs = 0;
}
