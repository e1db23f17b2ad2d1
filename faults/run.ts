import { randomInt } from 'node:crypto';
import type { Experiment } from './experiment.js';
import { EXPERIMENTS } from './experiments/catalogue.js';
import { parseOptions, USAGE, type Options, type Queue } from './options.js';
import { perform, type Result } from './perform.js';
import { isRedisInstalled } from './redis.js';
import { describeResult, tableOf } from './report.js';
import { startStores } from './stores.js';
import { Undo } from './undo.js';

const undo = new Undo();
/** Somebody pressed Ctrl-C: nothing is begun any more, and what breaks off now has nothing to tell. */
let interrupted = false;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Experiments side by side on one queue, each lane on servers of its own: most of the time they wait for something. */
const LANES = 2;

interface Todo {
  experiment: Experiment;
  seed: number;
}

/** Experiments one after the other, until nothing is left to be done. */
async function runLane(queue: Queue, todo: Todo[], results: Result[]): Promise<void> {
  const stores = await startStores(queue, undo);
  for (let next = todo.shift(); next; next = todo.shift()) {
    const result = await perform(next.experiment, stores, next.seed);
    if (interrupted) return;
    say(describeResult(result));
    results.push(result);
  }
}

async function runOn(queue: Queue, all: Todo[]): Promise<Result[]> {
  if (queue === 'redis' && !isRedisInstalled()) {
    say('skipped: the queue on redis, because there is no redis-server on this machine');
    return [];
  }
  const todo = all.filter(({ experiment: { name, skip } }) => {
    const reason = skip?.(queue);
    if (reason !== undefined) say(`skipped: ${name} (queue on ${queue}), because ${reason}`);
    return reason === undefined;
  });
  const results: Result[] = [];
  const lanes = Math.min(LANES, todo.length);
  await Promise.all(Array.from({ length: lanes }, () => runLane(queue, todo, results)));
  return results;
}

async function runAll({ queues, only, short, repeat, ...options }: Options): Promise<boolean> {
  const first = options.seed ?? randomInt(2 ** 31);
  const seeds = Array.from({ length: repeat }, (_, index) => first + index);
  const experiments = EXPERIMENTS.filter(
    ({ name, short: isShort }) => only?.includes(name) ?? (!short || isShort),
  );
  const todo = seeds.flatMap((seed) => experiments.map((experiment) => ({ experiment, seed })));
  say(`seed ${seeds.join(', ')}: ${experiments.length} experiments, queue on ${queues.join(' and ')}`);
  const results = (await Promise.all(queues.map((queue) => runOn(queue, todo)))).flat();
  if (interrupted) return false;
  const order = EXPERIMENTS.map(({ name }) => name);
  results.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  say(`\n${tableOf(results)}\n`);
  const failed = results.filter(({ failures }) => failures.length > 0);
  say(`${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}

function readOptions(): Options | undefined {
  try {
    return parseOptions(
      process.argv.slice(2),
      EXPERIMENTS.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return undefined;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void undo.all().finally(() => process.exit(130));
  });
}

const options = readOptions();
if (!options) {
  process.exitCode = 2;
} else if (options.list) {
  for (const { name, about, short } of EXPERIMENTS)
    say(`${name.padEnd(22)} ${about}${short ? ' (short)' : ''}`);
} else {
  try {
    process.exitCode = (await runAll(options)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  } finally {
    await undo.all();
  }
}
