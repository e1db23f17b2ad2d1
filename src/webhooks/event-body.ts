import type { ProcessingRequest } from '../requests/processing-request.entity.js';
import { requestBody } from '../requests/request-body.js';
import { TEST_EVENT_TYPE, type RequestEventType } from './event-types.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** What every attempt to tell of a terminal request sends, byte for byte; `at` is the moment it became true. */
export function eventBody(type: RequestEventType, request: ProcessingRequest, at: Date): string {
  const data = requestBody(request, at);
  return JSON.stringify({
    type,
    timestamp: at.toISOString(),
    request_id: request.id,
    status: request.status,
    message: `Processing ${request.status}`,
    output_csv_url: data.output_csv_url,
    data,
  });
}

/** The same shape without a request, for an endpoint to be tried with. */
export function testBody({ id, events }: WebhookEndpoint, at: Date): string {
  return JSON.stringify({
    type: TEST_EVENT_TYPE,
    timestamp: at.toISOString(),
    request_id: null,
    status: 'test',
    message: 'This is a test',
    output_csv_url: null,
    data: { webhook_id: id, events },
  });
}
