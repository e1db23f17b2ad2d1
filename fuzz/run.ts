import { randomInt } from 'node:crypto';
import type { Campaign, CampaignSettings } from './campaign.js';
import { CAMPAIGNS } from './campaigns.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { describeResult, type Result } from './report.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function perform(campaign: Campaign, settings: CampaignSettings): Promise<Result> {
  const begin = performance.now();
  const report = await campaign.run(settings);
  return { ...report, ...settings, name: campaign.name, seconds: (performance.now() - begin) / 1000 };
}

/** Whether every input of every campaign ended as it must. One after the other: some measure memory, others time. */
async function runAll({ names, short, seed = randomInt(2 ** 31) }: Options): Promise<boolean> {
  say(`seed ${seed}${short ? ', short' : ''}: ${names.join(', ')}`);
  let isWell = true;
  for (const campaign of CAMPAIGNS.filter(({ name }) => names.includes(name))) {
    const result = await perform(campaign, { seed, short });
    say(describeResult(result));
    isWell &&= result.failures.length === 0;
  }
  return isWell;
}

function readOptions(): Options | undefined {
  try {
    return parseOptions(
      process.argv.slice(2),
      CAMPAIGNS.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return undefined;
  }
}

const options = readOptions();
if (!options) {
  process.exitCode = 2;
} else if (options.list) {
  for (const { name, describes } of CAMPAIGNS) say(`${name.padEnd(12)} ${describes}`);
} else {
  process.exitCode = (await runAll(options)) ? 0 : 1;
}
