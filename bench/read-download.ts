import type { ServiceProcess } from './service-process.js';

export interface Download {
  rows: number;
  rowsPerSecond: number;
  cpuSeconds: number;
  /** The most memory of the API at any moment, beyond what it held before. */
  grewMiB: number;
}

const LINE_END = 0x0a;

/** Reads the whole output CSV. Throws when it has not `rows` rows. */
export async function measureDownload(
  api: ServiceProcess,
  requestId: string,
  rows: number,
): Promise<Download> {
  await api.forgetPeak();
  const { residentMiB } = await api.memory();
  const cpu = await api.cpuSeconds();
  const start = performance.now();
  const { body } = await fetch(`${api.url}/api/download/${requestId}?partial=true`);
  let lines = 0;
  for await (const chunk of body!) lines += lineEnds(chunk as Uint8Array);
  const seconds = (performance.now() - start) / 1000;
  if (lines !== rows + 1) throw new Error(`the output has ${lines} lines instead of ${rows + 1}`);
  const { peakMiB } = await api.memory();
  const cpuSeconds = (await api.cpuSeconds()) - cpu;
  return { rows, rowsPerSecond: rows / seconds, cpuSeconds, grewMiB: peakMiB - residentMiB };
}

function lineEnds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) count += 1;
  return count;
}
