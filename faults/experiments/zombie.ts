import { setTimeout as delay } from 'node:timers/promises';
import type { Experiment } from '../experiment.js';

/** Three leases. */
const ASLEEP_MS = 6000;

export const zombie: Experiment = {
  name: 'zombie',
  about: 'a worker is stopped (SIGSTOP) past its lease and wakes up when others have done its work',
  short: true,
  async run(house) {
    const { workers, random, origin } = house.parts;
    origin.delayMs = 300;
    await house.start();
    await house.upload('catalogue', 160);
    await house.progress(0.2);
    const sleeper = random.pick(workers);
    sleeper.signal('SIGSTOP');
    house.fault(`a worker stopped for ${ASLEEP_MS / 1000} s`);
    await delay(ASLEEP_MS);
    sleeper.signal('SIGCONT');
    house.healed();
  },
};
