import { REQUEST_EVENT_TYPES, eventTypeOf, readEventTypes } from '../../../src/webhooks/event-types.js';

describe('eventTypeOf', () => {
  it('names the way a request ended', () => {
    expect((['completed', 'failed', 'cancelled'] as const).map(eventTypeOf)).toEqual(REQUEST_EVENT_TYPES);
  });

  it.each(['pending', 'processing'] as const)('has nothing to tell of a %s request', (status) => {
    expect(() => eventTypeOf(status)).toThrow('not terminal');
  });
});

describe('readEventTypes', () => {
  it('takes all when none are named, and each once', () => {
    expect(readEventTypes(undefined)).toEqual(REQUEST_EVENT_TYPES);
    expect(readEventTypes(['request.failed', 'request.failed'])).toEqual(['request.failed']);
  });

  it.each([[['request.done']], [['request.completed', 'endpoint.test']], [[]]])(
    'refuses %j and names those allowed',
    (names) => {
      expect(() => readEventTypes(names)).toThrow(
        expect.objectContaining({
          code: 'validation_failed',
          detail: expect.stringContaining('request.completed, request.failed, request.cancelled'),
        }),
      );
    },
  );
});
