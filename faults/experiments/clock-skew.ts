import type { Experiment } from '../experiment.js';
import { preloading } from './preloading.js';

const FIVE_MINUTES_MS = 300_000;
const wrongBy = (ms: number): Record<string, string> => ({
  ...preloading('clock'),
  FAULTS_CLOCK_MS: String(ms),
});

export const clockSkew: Experiment = {
  name: 'clock-skew',
  about: "one worker's clock is five minutes fast, the other's five minutes slow; one is killed on the way",
  house: { ofWorkers: [wrongBy(FIVE_MINUTES_MS), wrongBy(-FIVE_MINUTES_MS)] },
  async run(house) {
    const { workers, random } = house.parts;
    house.fault('clock wrong by 5 min', workers.length);
    await house.start();
    // Some have to wait for their next attempt, which is a matter of clocks.
    const behaviours = Array.from({ length: 200 }, () =>
      random.pick(['good', 'good', 'good', 'shaky'] as const),
    );
    await house.upload('first', behaviours);
    await house.upload('second', 40);
    await house.progress(0.4);
    house.kill(random.pick(workers));
  },
};
