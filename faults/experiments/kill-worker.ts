import type { Experiment } from '../experiment.js';

const KILLS = 6;

export const killWorker: Experiment = {
  name: 'kill-worker',
  about: 'kill -9 of one of two workers, again and again, while they work',
  short: true,
  async run(house) {
    const { workers, random, origin } = house.parts;
    origin.delayMs = 300;
    await house.start();
    await house.upload('first', 200);
    await house.upload('second', 60);
    for (let kill = 0; kill < KILLS; kill += 1) {
      await random.pause(400, 1500);
      house.kill(random.pick(workers));
    }
  },
};
