import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { round, type Benchmark, type Cell, type Goal, type Result, type Table } from './benchmark.js';

/** For people: tables in Markdown, so that they can be copied. */
export function describeResult({ name, measures }: Benchmark, { tables, goals }: Result): string {
  const all = goals.length > 0 ? [...tables, goalTable(goals)] : tables;
  return [`## ${name}`, measures, ...all.map(tableText)].join('\n\n');
}

/** For programs: `{folder}/{name}.json`, with what it was measured on. Gives the file's path. */
export async function writeJson(
  folder: string,
  { name, measures }: Benchmark,
  result: Result,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  const at = new Date().toISOString();
  await writeFile(path, `${JSON.stringify({ name, measures, at, machine, ...result }, undefined, 2)}\n`);
  return path;
}

function goalTable(goals: Goal[]): Table {
  return {
    title: 'Goals',
    columns: ['', 'to reach', 'measured', 'reached'],
    rows: goals.map(({ what, goal, measured, reached }) => [what, goal, measured, reached ? 'yes' : 'NO']),
  };
}

function tableText({ title, columns, rows }: Table): string {
  const texts = [columns, ...rows.map((row) => row.map(cellText))];
  const widths = columns.map((_, column) => Math.max(...texts.map((row) => row[column]!.length), 3));
  const line = (row: string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [`${title}\n`, line(texts[0]!), rule, ...texts.slice(1).map(line)].join('\n');
}

function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return String(round(cell));
  const { median, low, high } = cell;
  return low === high ? String(round(median)) : `${round(median)} (${round(low)}–${round(high)})`;
}
