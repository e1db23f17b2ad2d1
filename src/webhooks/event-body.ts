import type { ProcessingRequest } from '../requests/processing-request.entity.js';
import { requestBody } from '../requests/request-body.js';
import type { EventType } from './event-types.js';

/** What every attempt to tell of a terminal request sends, byte for byte; `at` is the moment it became true. */
export function eventBody(type: EventType, request: ProcessingRequest, at: Date): string {
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
