import type { HousePlan } from './build-house.js';
import type { House } from './house.js';
import type { Queue } from './options.js';

/** One kind of trouble, and what is done about it: nothing, since that is the service's own task. */
export interface Experiment {
  /** In kebab-case, for the command line. */
  name: string;
  /** What happens in it, in one line. */
  about: string;
  /** Also in the short selection. */
  short?: boolean;
  house?: HousePlan;
  /** Why it cannot be run here, if it cannot. */
  skip?: (queue: Queue) => string | undefined;
  /** Starts the house, uploads, injects, and ends when the last fault is over. */
  run: (house: House) => Promise<void>;
  /** Looks, when all is quiet, at what only this experiment knows; complains to the house. */
  verify?: (house: House) => Promise<void>;
}
