import { setTimeout as delay } from 'node:timers/promises';
import type { RequestBody } from '../src/requests/request-body.dto.js';
import type { AcceptedBody } from '../src/upload/upload-answers.dto.js';

/** As long as a patient client goes on, in ms. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 150;
/** A client gives an answer up after this time. */
const ANSWER_LIMIT_MS = 10_000;

export interface UploadAnswer {
  status: number;
  replayed: boolean;
  body: AcceptedBody;
}

/** Calls the API as careful clients do: what gets no answer, or one that says later, is sent again. */
export class Api {
  /** Answers of 500 and above that are no honest 503, as `status path`. */
  readonly unexpected: string[] = [];
  /** How often the API could not be reached or asked for patience. */
  setbacks = 0;
  /** How many answers each process gave, by its address. */
  readonly answers = new Map<string, number>();
  private calls = 0;

  /** `urls` of the processes there are at the moment; they are called in turn. */
  constructor(private readonly urls: () => string[]) {}

  get url(): string {
    return this.urls()[0]!;
  }

  /** Uploads with the key until it is accepted. Throws when it is refused for good. */
  async upload(csv: string, key: string, webhookUrl: string | undefined): Promise<AcceptedBody> {
    const response = await this.persist('/api/upload', () => uploadCall(csv, key, webhookUrl));
    if (response.status !== 202) throw new Error(`upload: ${response.status} ${await response.text()}`);
    return (await response.json()) as AcceptedBody;
  }

  /** One upload without a second try; undefined when no answer came. */
  async uploadOnce(csv: string, key: string): Promise<UploadAnswer | undefined> {
    const response = await this.call('/api/upload', uploadCall(csv, key, undefined));
    if (!response) return undefined;
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, replayed, body: (await response.json()) as AcceptedBody };
  }

  async status(id: string): Promise<RequestBody> {
    const response = await this.persist(`/api/status/${id}?products=false`, () => ({}));
    if (!response.ok) throw new Error(`status of ${id}: ${response.status} ${await response.text()}`);
    return (await response.json()) as RequestBody;
  }

  /** The output CSV, as text. */
  async download(id: string): Promise<string> {
    const response = await this.persist(`/api/download/${id}`, () => ({}));
    if (!response.ok) throw new Error(`download of ${id}: ${response.status} ${await response.text()}`);
    return await response.text();
  }

  /** Cancels, retries or removes. Gives the status and, of a problem, its code: an earlier try may have done it. */
  async act(id: string, action: 'cancel' | 'retry' | 'delete'): Promise<string> {
    const path = action === 'delete' ? `/api/requests/${id}` : `/api/requests/${id}/${action}`;
    const response = await this.persist(path, () => ({ method: action === 'delete' ? 'DELETE' : 'POST' }));
    const { code } = response.ok ? { code: '' } : ((await response.json()) as { code: string });
    return `${response.status} ${code}`.trim();
  }

  /** POST of JSON, whose answer is of no interest beyond its body. */
  async post(path: string): Promise<Record<string, unknown>> {
    const response = await this.persist(path, () => ({ method: 'POST' }));
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async get<T>(path: string): Promise<T> {
    const response = await this.persist(path, () => ({}));
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  private async persist(path: string, call: () => RequestInit): Promise<Response> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const response = await this.call(path, call());
      if (response && !(await saysLater(response))) return response;
      this.setbacks += 1;
      if (Date.now() > end) throw new Error(`${path}: no answer for ${PATIENCE_MS / 1000} s`);
      await delay(PAUSE_MS);
    }
  }

  private async call(path: string, init: RequestInit): Promise<Response | undefined> {
    const urls = this.urls();
    const url = urls[(this.calls += 1) % urls.length]!;
    try {
      // A connection that is kept would be one to a process that has been killed since.
      const headers = { ...(init.headers as Record<string, string>), connection: 'close' };
      const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
      const response = await fetch(url + path, { ...init, headers, signal });
      this.answers.set(url, (this.answers.get(url) ?? 0) + 1);
      const isHonest = response.status === 503 && response.headers.has('retry-after');
      if (response.status >= 500 && !isHonest) this.unexpected.push(`${response.status} ${path}`);
      return response;
    } catch {
      return undefined;
    }
  }
}

/** 5xx, or the first request with this Idempotency-Key is still running. */
async function saysLater(response: Response): Promise<boolean> {
  if (response.status >= 500) return true;
  if (response.status !== 409) return false;
  const { code } = (await response.clone().json()) as { code: string };
  return code === 'idempotency_key_in_use';
}

function uploadCall(csv: string, key: string, webhookUrl: string | undefined): RequestInit {
  const body = new FormData();
  if (webhookUrl) body.append('webhook_url', webhookUrl);
  body.append('file', new Blob([csv], { type: 'text/csv' }), 'products.csv');
  return { method: 'POST', body, headers: { 'idempotency-key': key } };
}
