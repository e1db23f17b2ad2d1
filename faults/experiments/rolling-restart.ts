import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';
import type { Service } from '../service.js';
import { waitFor } from '../wait-for.js';

const ROUNDS = 2;
const END_LIMIT_MS = 15_000;
const READY_LIMIT_MS = 30_000;

export const rollingRestart: Experiment = {
  name: 'rolling-restart',
  about: 'SIGTERM of API and workers in turn, under load and with uploads coming in',
  async run(house) {
    house.parts.origin.delayMs = 400;
    await house.start();
    await house.upload('catalogue', 200);
    const over = new AbortController();
    const uploading = uploadUntil(house, over.signal);
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const service of house.services) {
          await house.parts.random.pause(200, 1000);
          await restart(house, service);
        }
      }
    } finally {
      over.abort();
      await uploading;
    }
  },
  async verify(house) {
    const { services, api } = house;
    const codes = services.flatMap(({ exits }) => exits.map(({ status }) => status));
    house.expect(
      codes.every((code) => code === 0),
      `exit codes ${codes.join(', ')}: all should be 0`,
    );
    const errors = services.flatMap(({ log }) => log.filter((line) => /"level":"(error|fatal)"/.test(line)));
    house.expect(errors.length === 0, `${errors.length} error lines, such as ${errors[0]}`);
    house.expect(api.unexpected.length === 0, `unexpected answers: ${api.unexpected.join(', ')}`);
    const twice = [...house.parts.origin.hits].filter(([, hits]) => hits > 1);
    house.expect(twice.length === 0, `${twice.length} images were downloaded more than once`);
  },
};

async function restart(house: House, service: Service): Promise<void> {
  const { length } = service.exits;
  service.signal('SIGTERM');
  house.fault('SIGTERM');
  await waitFor(`the end of ${service.name}`, async () => service.exits.length > length, END_LIMIT_MS);
  await waitFor(`${service.name} to be back`, () => service.isReady(), READY_LIMIT_MS);
}

async function uploadUntil(house: House, over: AbortSignal): Promise<void> {
  for (let number = 0; !over.aborted; number += 1) {
    await house.upload(`small-${number}`, 3);
    await house.parts.random.pause(100, 300);
  }
}
