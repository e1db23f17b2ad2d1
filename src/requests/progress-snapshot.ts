import type { RequestBody } from './request-body.dto.js';
import { isTerminal } from './request-status.js';

/** Where a request stands, written down once for all who listen. */
export interface ProgressSnapshot {
  /** Equal in two snapshots that have nothing new to tell. */
  readonly state: string;
  /** The server-sent events that tell it; the last one is `done` when nothing can follow. */
  readonly events: string;
  readonly terminal: boolean;
}

export function progressSnapshot(body: RequestBody): ProgressSnapshot {
  const { run, counts, status } = body;
  const terminal = isTerminal(status);
  const data = JSON.stringify(body);
  const progress = event(`${run}-${counts.completed + counts.failed}`, 'progress', data);
  const events = terminal ? progress + event(doneId(run), 'done', data) : progress;
  return { state: progressState(body), events, terminal };
}

/** What is worth an event. Of the remaining time only whether it is known: it changes with every second that passes. */
export function progressState({ run, status, counts, eta_seconds }: RequestBody): string {
  return [run, status, counts.completed, counts.failed, eta_seconds !== null].join(' ');
}

/**
 * The id of a run's last event. Ids come from the state alone, so that a listener who comes back to another process is
 * understood there.
 */
export function doneId(run: number): string {
  return `${run}-done`;
}

/** JSON has no line ends, so that one `data` line holds it. */
function event(id: string, type: string, data: string): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
