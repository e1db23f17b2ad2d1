import { formatBytes, formatSaved } from './demo-text.js';
import type { PostVerdict } from './webhook-listen-inbox.js';
import type { ReceivedPost } from './webhook-listen-receiver.js';

/** What is shown of an event; a stranger's body may hold anything. */
interface EventBody {
  type?: unknown;
  request_id?: unknown;
  status?: unknown;
  message?: unknown;
  output_csv_url?: unknown;
  data?: { counts?: Record<string, unknown>; bytes?: { input: number; output: number; saved: number } };
}

type Row = [label: string, value: unknown];

/** A block for one POST: a heading, then `label: value` lines, their colons one below the other. */
export function postBlock({ at, headers, body }: ReceivedPost, verdict: PostVerdict, json: boolean): string {
  const event = parseEvent(body);
  const { signatureFault, answeredBefore, answered } = verdict;
  const trusted = signatureFault === undefined;
  const rows: Row[] = [
    ...subject(event),
    ['webhook-id', headers['webhook-id']],
    ['timestamp', timestampText(headers['webhook-timestamp'])],
    ['signature', trusted ? 'valid' : `not valid: ${signatureFault}`],
    ['repeat', answeredBefore && repeatText(answeredBefore)],
    ...(trusted && !json ? figures(event) : []),
    ['answered', answered],
  ];
  return [
    heading(at, event?.type ?? 'a POST'),
    ...rows.filter(([, value]) => value !== undefined).map(([label, value]) => line(label, value)),
    ...(json ? [wholeBody(event, body)] : []),
  ].join('\n');
}

/** The time of day on this machine, and what happened. */
export function heading(at: Date, what: unknown): string {
  return `\n${at.toTimeString().slice(0, 8)}  ${printable(what)}`;
}

function line(label: string, value: unknown): string {
  return `${label.padStart(14)}: ${printable(value)}`;
}

/** The request that the event is about, or else what it says. */
function subject(event: EventBody | undefined): Row[] {
  const { request_id: requestId, status, message } = event ?? {};
  if (typeof requestId === 'string') return [['request', `${requestId}, ${printable(status)}`]];
  return typeof message === 'string' ? [['message', message]] : [];
}

/** The attempt's own time; as it came when it is no number. */
function timestampText(seconds: string | undefined): string | undefined {
  const at = new Date(Number(seconds) * 1000);
  return seconds === undefined || Number.isNaN(at.getTime())
    ? seconds
    : at.toISOString().replace('.000Z', 'Z');
}

function repeatText(answeredBefore: number): string {
  const accepted = answeredBefore >= 200 && answeredBefore < 300;
  if (accepted) return 'seen before: ignored, as receivers should';
  return `seen before: sent again, because it was answered ${answeredBefore}`;
}

function figures(event: EventBody | undefined): Row[] {
  const { counts, bytes } = event?.data ?? {};
  const images = Object.entries(counts ?? {}).filter(([, count]) => count !== 0);
  return [
    ['images', counts && images.map(([status, count]) => `${String(count)} ${status}`).join(', ')],
    ['bytes', bytes && bytes.input > 0 ? bytesText(bytes) : undefined],
    ['output CSV', event?.output_csv_url ?? undefined],
  ];
}

function bytesText({ input, output, saved }: { input: number; output: number; saved: number }): string {
  const sizes = `${formatBytes(input)} → ${formatBytes(output)}`;
  return `${sizes}, ${formatBytes(saved)} saved (${formatSaved(input, output)})`;
}

function parseEvent(body: string): EventBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function wholeBody(event: EventBody | undefined, body: string): string {
  const text = event ? JSON.stringify(event, undefined, 2) : body;
  return text.split('\n').map(printable).join('\n');
}

/** A stranger's text must not steer the terminal. */
function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
