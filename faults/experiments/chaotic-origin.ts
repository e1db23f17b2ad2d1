import { BEHAVIOURS, type BehaviourName } from '../behaviours.js';
import type { Experiment } from '../experiment.js';

const IMAGES = 150;
/** About the share of the origins that behave. */
const GOOD = 0.5;
const bad = (Object.keys(BEHAVIOURS) as BehaviourName[]).filter(
  (name) => name !== 'good' && name !== 'poison',
);

export const chaoticOrigin: Experiment = {
  name: 'chaotic-origin',
  about:
    'origins that drip, never end, reset, lie about lengths, redirect in circles, send bombs, answer 429 and 500',
  async run(house) {
    const { random, origin } = house.parts;
    origin.delayMs = 20;
    await house.start();
    const chosen = Array.from({ length: IMAGES }, () =>
      random.integer(0, 99) < GOOD * 100 ? ('good' as const) : random.pick(bad),
    );
    // Each kind of trouble once at least, whatever the seed says.
    chosen.splice(0, bad.length, ...bad);
    house.fault('bad origin', chosen.filter((name) => name !== 'good').length);
    await house.upload('catalogue', chosen);
  },
};
