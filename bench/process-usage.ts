import { readdir, readFile, writeFile } from 'node:fs/promises';

const CLOCK_TICKS_PER_SECOND = 100;

/** Memory of a process in MiB: its resident set, and the part of it that is not shared with other processes. */
export interface Memory {
  residentMiB: number;
  peakMiB: number;
}

// All of this is read from /proc, so on Linux only; proc(5) says what stands where.

/** CPU seconds, of user and system, that a process has taken so far, without its children. */
export async function cpuSeconds(pid: number): Promise<number> {
  const [user, system] = await times(pid);
  return (user! + system!) / CLOCK_TICKS_PER_SECOND;
}

/** As above, of a process and all its children, those included that have ended: a PostgreSQL with its back ends. */
export async function cpuSecondsOfFamily(pid: number): Promise<number> {
  const own = await times(pid);
  const children = await Promise.all(
    (await childrenOf(pid)).map((child) => cpuSeconds(child).catch(() => 0)),
  );
  return (
    own.reduce((sum, ticks) => sum + ticks, 0) / CLOCK_TICKS_PER_SECOND +
    children.reduce((sum, seconds) => sum + seconds, 0)
  );
}

export async function memory(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024;
  return { residentMiB: mebibytes('VmRSS'), peakMiB: mebibytes('VmHWM') };
}

/** From now on the peak counts anew. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function childrenOf(pid: number): Promise<number[]> {
  const all = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const parents = await Promise.all(all.map((each) => parentOf(each).catch(() => undefined)));
  return all.filter((_, index) => parents[index] === pid);
}

async function parentOf(pid: number): Promise<number> {
  return Number((await statOf(pid))[1]);
}

/** Ticks of user, system, and the same of children that have ended. */
async function times(pid: number): Promise<number[]> {
  return (await statOf(pid)).slice(11, 15).map(Number);
}

/** From the third field of /proc/PID/stat on: before it stands the program's name, which may hold anything. */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
