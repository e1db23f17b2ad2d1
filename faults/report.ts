import { groupBy } from './group-by.js';
import type { Result } from './perform.js';

/** Of a process's log; stacks are longer. */
const LONGEST_LINE = 400;

/** A few lines on one experiment; many when it failed. */
export function describeResult(result: Result): string {
  const { name, queue, seed, seconds, faults, tally, recovery, exits, failures, logs } = result;
  const verdict = failures.length === 0 ? 'ok    ' : 'FAILED';
  const lines = [`${verdict} ${name} (queue on ${queue}, ${seconds.toFixed(1)} s)`];
  lines.push(`  did:   ${listFaults(faults) || 'nothing'}`);
  if (exits.length > 0) lines.push(`  ended by themselves: ${count(exits)}`);
  if (tally) {
    const { images, completed, failed, cancelled, lost, countedTwice, orphans, repeated } = tally;
    lines.push(
      `  found: ${images} images: ${completed} completed, ${failed} failed, ${cancelled} cancelled; ${lost} lost, ` +
        `${countedTwice} counted twice, ${orphans} orphans, ${repeated} downloads repeated; quiet after ${recovery?.toFixed(1)} s`,
    );
  }
  if (failures.length > 0) {
    lines.push(...failures.map((failure) => `  ${failure}`));
    lines.push(
      `  seed ${seed}; again: npm run test:faults -- --queue ${queue} --only ${name} --seed ${seed}`,
    );
    lines.push(...logs.map((line) => `    ${line.slice(0, LONGEST_LINE)}`));
  }
  return lines.join('\n');
}

/** One row for each experiment and queue, in Markdown. */
export function tableOf(results: Result[]): string {
  const rows = results.map(({ name, queue, faults, tally, recovery, failures }) => [
    `${name}${failures.length > 0 ? ' **FAILED**' : ''}`,
    queue,
    listFaults(faults),
    tally?.images ?? '?',
    tally?.lost ?? '?',
    tally?.countedTwice ?? '?',
    recovery === undefined ? '?' : `${recovery.toFixed(1)} s`,
  ]);
  const header = ['experiment', 'queue', 'faults', 'images', 'lost', 'counted twice', 'recovery'];
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function listFaults(faults: Map<string, number>): string {
  return [...faults].map(([kind, times]) => (times === 1 ? kind : `${times} × ${kind}`)).join(', ');
}

function count(names: string[]): string {
  const groups = groupBy(names, (name) => name);
  return [...groups].map(([name, all]) => (all.length === 1 ? name : `${name} (${all.length} ×)`)).join(', ');
}
