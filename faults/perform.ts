import { buildHouse } from './build-house.js';
import { collectEvidence } from './checker/evidence.js';
import { INVARIANTS } from './checker/invariants.js';
import { tallyOf, type Tally } from './checker/tally.js';
import type { Experiment } from './experiment.js';
import type { House } from './house.js';
import { waitForQuiet } from './quiet.js';
import { Random } from './random.js';
import type { Stores } from './stores.js';

/** Of one invariant, so many breaches are told. */
const TOLD = 5;
/** Of each process's log, when something failed. */
const LAST_WORDS = 12;

/** What came of one experiment on one queue. */
export interface Result {
  name: string;
  queue: string;
  seed: number;
  seconds: number;
  /** What was done, and how often. */
  faults: Map<string, number>;
  /** Missing when the experiment broke off. */
  tally: Tally | undefined;
  /** From the end of the last fault until all was quiet, in seconds. */
  recovery: number | undefined;
  /** How processes ended without being asked to. */
  exits: string[];
  /** Why it failed; none when it did not. */
  failures: string[];
  /** The last lines of each process, when it failed. */
  logs: string[];
}

/** Runs one experiment in a house of its own, and judges what is left of it. */
export async function perform(experiment: Experiment, stores: Stores, seed: number): Promise<Result> {
  const begin = Date.now();
  // An experiment that broke off may have left it down.
  await stores.postgres.start();
  const house = await buildHouse(stores, new Random(seed, experiment.name), experiment.house ?? {});
  const judged: Pick<Result, 'tally' | 'recovery' | 'failures'> = {
    tally: undefined,
    recovery: undefined,
    failures: [],
  };
  try {
    await judge(experiment, house, judged);
  } catch (error) {
    judged.failures.push(`broken off: ${(error as Error).stack}`);
  }
  const failed = judged.failures.length > 0;
  const result: Result = {
    ...judged,
    name: experiment.name,
    queue: stores.queue,
    seed,
    seconds: (Date.now() - begin) / 1000,
    faults: house.faults,
    exits: unaskedExits(house),
    logs: failed
      ? house.services.flatMap((service) =>
          service.lastWords(LAST_WORDS).map((line) => `${service.name}: ${line}`),
        )
      : [],
  };
  await house.tearDown();
  return result;
}

async function judge(
  experiment: Experiment,
  house: House,
  judged: Pick<Result, 'tally' | 'recovery' | 'failures'>,
): Promise<void> {
  await experiment.run(house);
  const { seconds, unrest } = await waitForQuiet(house);
  judged.recovery = seconds;
  if (unrest !== undefined) judged.failures.push(`not quiet after ${Math.round(seconds)} s: ${unrest}`);
  await experiment.verify?.(house);
  const evidence = await collectEvidence(house);
  judged.tally = tallyOf(evidence);
  for (const { id, holds, breaches } of INVARIANTS) {
    const found = breaches(evidence);
    if (found.length > 0) judged.failures.push(`${id} (${holds}) is broken ${found.length} time(s):`);
    judged.failures.push(...found.slice(0, TOLD).map((breach) => `  ${breach}`));
  }
  judged.failures.push(...house.complaints);
}

function unaskedExits({ services }: House): string[] {
  return services.flatMap(({ name, exits }) =>
    exits.filter(({ asked }) => !asked).map(({ status }) => `${name}: ${status}`),
  );
}
