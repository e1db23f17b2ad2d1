import type { BehaviourName } from '../behaviours.js';
import type { Experiment } from '../experiment.js';
import { preloading } from './preloading.js';

const GOOD = 100;
const MOST_CRASHES = 3;

export const poisonImage: Experiment = {
  name: 'poison-image',
  about: 'an image kills every process that decodes it, among 100 good ones',
  short: true,
  house: { settings: preloading('poison') },
  async run(house) {
    const { random, origin } = house.parts;
    origin.delayMs = 50;
    const behaviours = Array.from({ length: GOOD }, (): BehaviourName => 'good');
    behaviours.splice(random.integer(0, GOOD), 0, 'poison');
    await house.start();
    await house.upload('catalogue', behaviours);
    house.fault('poison image');
  },
  async verify(house) {
    const crashes = house.parts.workers
      .flatMap(({ exits }) => exits)
      .filter(({ status }) => status === 'SIGSEGV');
    house.fault('crash', crashes.length);
    house.expect(crashes.length <= MOST_CRASHES, `${crashes.length} crashes, ${MOST_CRASHES} are allowed`);
    house.expect(crashes.length > 0, 'the poison image has killed nobody: the experiment shows nothing');
  },
};
