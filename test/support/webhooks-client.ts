import type { DeliveryBody, DeliveryPage } from '../../src/webhooks/deliveries.dto.js';
import type { RegisteredWebhookDto, WebhookBody, WebhookPage } from '../../src/webhooks/webhooks.dto.js';
import type { ApiClient } from './api-client.js';
import { waitFor } from './wait-for.js';

/** Longer than any schedule in the tests, shorter than a test may take: so that the log is shown, not only the time. */
const PATIENCE_MS = 45_000;

/** Calls the API of webhooks as its users do. */
export class WebhooksClient {
  constructor(private readonly api: ApiClient) {}

  /** Any call, with a body of JSON; the answer as it came. */
  call(method: 'POST' | 'PATCH' | 'DELETE' | 'GET', path: string, body?: unknown): Promise<Response> {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return fetch(this.api.url + path, { method, ...(body !== undefined && json) });
  }

  async register(registration: { webhook_url: string; request_id?: string }): Promise<RegisteredWebhookDto> {
    const response = await this.call('POST', '/api/webhooks', registration);
    if (response.status !== 201) throw new Error(`register: ${response.status} ${await response.text()}`);
    return (await response.json()) as RegisteredWebhookDto;
  }

  get(id: string): Promise<WebhookBody> {
    return this.api.get(`/api/webhooks/${id}`);
  }

  /** The endpoint that the request's upload registered. */
  async ofRequest(requestId: string): Promise<WebhookBody> {
    const { data } = await this.api.get<WebhookPage>(`/api/webhooks?request_id=${requestId}`);
    return data.at(-1)!;
  }

  /** The endpoint's delivery log, the oldest first. */
  async deliveries(id: string): Promise<DeliveryBody[]> {
    const { data } = await this.api.get<DeliveryPage>(`/api/webhooks/${id}/deliveries?limit=50`);
    return data.toReversed();
  }

  /** The delivery log, as soon as `holds` for it; `what` that is, for who waits in vain. */
  async log(
    id: string,
    what: string,
    holds: (deliveries: DeliveryBody[]) => boolean,
  ): Promise<DeliveryBody[]> {
    let log: DeliveryBody[] = [];
    const look = async (): Promise<DeliveryBody[] | false> => {
      log = await this.deliveries(id);
      return holds(log) && log;
    };
    return await waitFor(what, look, PATIENCE_MS).catch((error: Error) => {
      throw new Error(`${error.message}; the delivery log is ${JSON.stringify(log, null, 1)}`);
    });
  }

  /** The delivery log, once there are `count` deliveries and no attempt is to come. */
  settled(id: string, count = 1): Promise<DeliveryBody[]> {
    return this.log(
      id,
      `the end of ${count} deliveries`,
      (log) => log.length === count && log.every(({ next_attempt_at: next }) => next === null),
    );
  }
}
