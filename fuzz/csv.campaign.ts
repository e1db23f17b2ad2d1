import { Random } from '../faults/random.js';
import type { Campaign, CampaignReport } from './campaign.js';
import { measureCosts, measureKept } from './csv-costs.js';
import { csvInput } from './csv-inputs.js';
import { readAsUpload } from './csv-reader.js';
import { HangWatch } from './hang-watch.js';

const INPUTS = 60_000;
const SHORT_INPUTS = 4000;
/** Inputs take about a millisecond, the dearest few seconds. */
const HANG_MS = 120_000;
/** Characters of a failed input that are told. */
const TOLD = 160;

export const csv: Campaign = {
  name: 'csv',
  describes: 'any bytes as an upload: products or errors come out, in linear time and bounded memory',
  async run({ seed, short }) {
    const report: CampaignReport = { inputs: 0, outcomes: {}, failures: [] };
    const watch = new HangWatch('csv', HANG_MS);
    try {
      const count = short ? SHORT_INPUTS : INPUTS;
      for (let number = 0; number < count; number++) {
        watch.begin(number);
        const outcome = await performInput(seed, number, report.failures);
        report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
      }
      watch.begin(count);
      const costs = await measureCosts();
      report.failures.push(...costs.failures, ...(await measureKept()));
      report.inputs = count + costs.inputs + 1;
      report.outcomes['read in linear time'] = costs.inputs - costs.failures.length;
      report.notes = [costs.dearest];
    } finally {
      await watch.end();
    }
    return report;
  },
};

async function performInput(seed: number, number: number, failures: string[]): Promise<string> {
  const random = new Random(seed, `csv ${number}`);
  const bytes = csvInput(random);
  try {
    return await readAsUpload(bytes, random);
  } catch (error) {
    failures.push(
      `input ${number}: ${String(error)}: ${JSON.stringify(bytes.toString('latin1').slice(0, TOLD))}`,
    );
    return 'FAILED';
  }
}
