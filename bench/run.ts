import { join } from 'node:path';
import { BENCHMARKS } from './catalogue.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { describeResult, writeJson } from './report.js';
import { onExit } from './on-exit.js';

/** Beside what the service keeps while one develops; not in the repository. */
const RESULTS = join('data', 'bench', 'results');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** One after the other: each wants the machine for itself. */
async function runAll(options: Options): Promise<void> {
  for (const name of options.names) {
    const benchmark = BENCHMARKS.find((each) => each.name === name)!;
    const result = await benchmark.run(options);
    say(`\n${describeResult(benchmark, result)}\n`);
    say(`JSON: ${await writeJson(RESULTS, benchmark, result)}`);
  }
}

function readOptions(): Options | undefined {
  try {
    return parseOptions(
      process.argv.slice(2),
      BENCHMARKS.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return undefined;
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void onExit.all().finally(() => process.exit(130)));
}

const options = readOptions();
if (!options) {
  process.exitCode = 2;
} else if (options.list) {
  for (const { name, measures } of BENCHMARKS) say(`${name.padEnd(11)} ${measures}`);
} else {
  try {
    await runAll(options);
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  } finally {
    await onExit.all();
  }
}
