import { setTimeout as delay } from 'node:timers/promises';
import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';

const KEYS = 25;
const AT_ONCE = 3;
const IMAGES = 5;

export const duplicateUpload: Experiment = {
  name: 'duplicate-upload',
  about: 'every upload is sent three times at the same moment, with one Idempotency-Key',
  async run(house) {
    house.parts.origin.delayMs = 20;
    await house.start();
    for (let key = 0; key < KEYS; key += 1) await sendAtOnce(house, `upload-${key}`);
  },
};

async function sendAtOnce(house: House, name: string): Promise<void> {
  const upload = house.plan(name, IMAGES);
  const ids = await Promise.all(
    Array.from({ length: AT_ONCE }, () => untilAccepted(house, upload.csv, upload.idempotencyKey)),
  );
  house.fault('upload repeated', AT_ONCE - 1);
  house.expect(new Set(ids).size === 1, `one key made ${new Set(ids).size} requests: ${ids.join(', ')}`);
  [upload.requestId] = ids;
}

async function untilAccepted(house: House, csv: string, key: string): Promise<string> {
  for (;;) {
    const answer = await house.api.uploadOnce(csv, key);
    if (answer?.status === 202) return answer.body.request_id;
    const later = answer === undefined || answer.status === 503 || answer.status === 409;
    if (!later) throw new Error(`upload: ${answer.status} ${JSON.stringify(answer.body)}`);
    await delay(50);
  }
}
