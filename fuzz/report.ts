import type { CampaignReport } from './campaign.js';

/** What came of one campaign. */
export interface Result extends CampaignReport {
  name: string;
  seed: number;
  short: boolean;
  seconds: number;
}

/** Of one campaign, so many failures are told: the first ones say what is wrong. */
const TOLD = 20;

/** A few lines on one campaign; more when inputs failed. */
export function describeResult({ name, seed, short, seconds, ...report }: Result): string {
  const { inputs, outcomes, failures, notes = [] } = report;
  const verdict = failures.length === 0 ? 'ok    ' : 'FAILED';
  const rate = Math.round(inputs / seconds);
  const lines = [`${verdict} ${name}: ${inputs} inputs in ${seconds.toFixed(1)} s (${rate}/s)`];
  lines.push(...tableOf(outcomes, inputs), ...notes.map((note) => `  ${note}`));
  if (failures.length > 0) {
    lines.push(`  ${failures.length} failed:`);
    lines.push(...failures.slice(0, TOLD).map((failure) => `    ${failure}`));
    if (failures.length > TOLD) lines.push(`    and ${failures.length - TOLD} more`);
    lines.push(`  again: npm run fuzz -- ${name} --seed ${seed}${short ? ' --short' : ''}`);
  }
  return lines.join('\n');
}

/** The most frequent outcome first. */
function tableOf(outcomes: Record<string, number>, inputs: number): string[] {
  return Object.entries(outcomes)
    .toSorted(([, a], [, b]) => b - a)
    .map(([outcome, times]) => {
      const share = ((100 * times) / inputs).toFixed(1);
      return `  ${outcome.padEnd(28)} ${String(times).padStart(8)} ${share.padStart(6)} %`;
    });
}
