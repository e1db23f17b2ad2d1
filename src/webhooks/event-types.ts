import { Problem } from '../errors/problem.js';
import type { RequestStatus } from '../requests/request-status.js';

/** What an endpoint can choose to be told of. */
export const REQUEST_EVENT_TYPES = ['request.completed', 'request.failed', 'request.cancelled'] as const;
export type RequestEventType = (typeof REQUEST_EVENT_TYPES)[number];

/** Goes to one endpoint, whenever its owner asks for it, whatever the endpoint has chosen. */
export const TEST_EVENT_TYPE = 'endpoint.test';

export const EVENT_TYPES = [...REQUEST_EVENT_TYPES, TEST_EVENT_TYPE] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What has happened when a request is in this status, which must be a terminal one. */
export function eventTypeOf(status: RequestStatus): RequestEventType {
  const type = REQUEST_EVENT_TYPES.find((candidate) => candidate === `request.${status}`);
  if (!type) throw new Error(`a ${status} request has no event: it is not terminal`);
  return type;
}

/** The types an endpoint wants, each once; all of them when the caller names none. Throws a 422 for unknown ones. */
export function readEventTypes(names: readonly string[] | undefined): RequestEventType[] {
  if (!names) return [...REQUEST_EVENT_TYPES];
  const unknown = names.filter((name) => !REQUEST_EVENT_TYPES.some((type) => type === name));
  if (unknown.length === 0 && names.length > 0) {
    return REQUEST_EVENT_TYPES.filter((type) => names.includes(type));
  }
  const fault = unknown.length > 0 ? `Unknown: ${unknown.join(', ').slice(0, 200)}.` : 'Events is empty.';
  const message = `${fault} Name some of ${REQUEST_EVENT_TYPES.join(', ')}, or leave events out.`;
  throw new Problem('validation_failed', message, {
    errors: [{ code: 'invalid_value', parameter: 'events', message }],
    errorCount: 1,
  });
}
