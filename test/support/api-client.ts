import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import type { RequestBody } from '../../src/requests/request-body.dto.js';
import type { ImageBody } from '../../src/requests/image-body.dto.js';
import { waitFor } from './wait-for.js';

/** Calls the API as its users do. */
export class ApiClient {
  constructor(readonly url: string) {}

  /** POST /api/upload of a CSV; the answer as it came. */
  post(csv: string | Buffer, fields: Record<string, string> = {}): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([csv], { type: 'text/csv' }), 'products.csv');
    return fetch(`${this.url}/api/upload`, { method: 'POST', body: form });
  }

  /** An upload that must be accepted. */
  async upload(csv: string | Buffer, fields: Record<string, string> = {}): Promise<AcceptedBody> {
    const response = await this.post(csv, fields);
    if (response.status !== 202) throw new Error(`upload: ${response.status} ${await response.text()}`);
    return (await response.json()) as AcceptedBody;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  status(id: string): Promise<RequestBody> {
    return this.get(`/api/status/${id}?products=false`);
  }

  /** All images of a request, page by page. */
  async images(id: string): Promise<ImageBody[]> {
    const images: ImageBody[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { data: ImageBody[]; next_cursor: string | null } = await this.get(
        `/api/requests/${id}/images?limit=1000${cursor && `&cursor=${cursor}`}`,
      );
      images.push(...page.data);
      cursor = page.next_cursor;
    }
    return images;
  }

  /** Its status body, once it is terminal. */
  finished(id: string, timeoutMs?: number): Promise<RequestBody> {
    return waitFor(
      `the end of request ${id}`,
      async () => {
        const body = await this.status(id);
        return body.finished_at !== null && body;
      },
      timeoutMs,
    );
  }
}
