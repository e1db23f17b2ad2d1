import { keyAdvice, keyHeaders } from './sample-key.js';

const CALL_TIMEOUT_MS = 30_000;

/** What the demo reads of a status body. */
export interface RequestStatus {
  status: string;
  image_count: number;
  counts: { pending: number };
  /** Percent. */
  progress: number;
  bytes: { input: number; output: number };
}

/** What the demo reads of an image in the list. */
export interface ImageStatus {
  input_url: string;
  status: string;
  original_size: number | null;
  compressed_size: number | null;
  kept_original: boolean;
  error: { code: string; detail: string } | null;
}

export interface AcceptedUpload {
  request_id: string;
  product_count: number;
  image_count: number;
  warnings: { line: number | null; message: string }[];
}

/** The calls a client makes, with what Node brings: fetch, FormData and Blob. */
export class DemoClient {
  constructor(
    private readonly baseUrl: string,
    /** Undefined: the database has no keys. */
    private readonly apiKey: string | undefined,
    /** Aborted when the demo is to stop. */
    private readonly signal: AbortSignal,
  ) {}

  /** Throws when the key is missing or wrong. Not left to the upload: who refuses that may hang up before it is all sent. */
  async checkKey(): Promise<void> {
    await this.call('/api/requests?limit=1');
  }

  async upload(csv: string, fileName: string): Promise<AcceptedUpload> {
    const body = new FormData();
    body.append('file', new Blob([csv], { type: 'text/csv' }), fileName);
    return this.json<AcceptedUpload>('/api/upload', { method: 'POST', body });
  }

  /** Without the products: it is asked for several times a second. */
  async status(requestId: string): Promise<RequestStatus> {
    return this.json<RequestStatus>(`/api/status/${requestId}?products=false`);
  }

  /** All images of the request in the order of the CSV, page by page. */
  async images(requestId: string): Promise<ImageStatus[]> {
    const images: ImageStatus[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams(cursor === null ? {} : { cursor });
      const page: { data: ImageStatus[]; next_cursor: string | null } = await this.json(
        `/api/requests/${requestId}/images?${query.toString()}`,
      );
      images.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return images;
  }

  async outputCsv(requestId: string): Promise<string> {
    return (await this.call(`/api/download/${requestId}`)).text();
  }

  private async json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await (await this.call(path, init)).json()) as T;
  }

  private async call(path: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? 'GET';
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
    const headers = keyHeaders(this.apiKey);
    const response = await fetch(`${this.baseUrl}${path}`, { ...init, headers, signal }).catch(
      (cause: unknown) => {
        throw new Error(`${method} ${path} got no answer from the service.`, { cause });
      },
    );
    const { ok, status } = response;
    if (ok) return response;
    if (status === 401 || status === 403) throw await this.refusal(response);
    throw new Error(`${method} ${path} answered ${status}: ${await response.text()}`);
  }

  private async refusal(response: Response): Promise<Error> {
    const { detail } = (await response.json()) as { detail: string };
    const advice = keyAdvice(response.status, this.apiKey, 'npm run demo');
    return new Error(`The database has keys, and the service turned the demo away: ${detail}\n${advice}`);
  }
}
