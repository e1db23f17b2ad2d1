import { Webhook } from 'standardwebhooks';
import type { AttemptBody, DeliveryBody } from '../../src/webhooks/deliveries.dto.js';
import type { ReceivedPost } from './webhook-receiver.js';

/** What an attempt came to, as its log has it. */
export type Outcome = Pick<AttemptBody, 'status_code' | 'error' | 'response'>;

export const answered = (status: number, response = ''): Outcome => ({
  status_code: status,
  error: null,
  response,
});

/** No answer came. */
export const unanswered = (error: string): Outcome => ({ status_code: null, error, response: null });

/** It began with a 200, and the rest of it is missing. */
export const brokenOff = (error: string, response: RegExp): Outcome => ({
  status_code: 200,
  error,
  response: expect.stringMatching(response),
});

/** The attempts of a schedule, as they have to stand in the log. */
export function attemptsOf(outcomes: Outcome[]): AttemptBody[] {
  return outcomes.map((outcome, index) => attempt(index + 1, 'scheduled', outcome));
}

/** The delivery after somebody asked for one attempt more, which the receiver took with a 204. */
export function redelivered(before: DeliveryBody): DeliveryBody {
  const attempts = [...before.attempts, attempt(before.attempts.length + 1, 'manual', answered(204))];
  return Object.assign({}, before, { status: 'delivered', attempts });
}

function attempt(number: number, trigger: AttemptBody['trigger'], outcome: Outcome): AttemptBody {
  return {
    number,
    trigger,
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    duration_ms: expect.any(Number),
    ...outcome,
  };
}

/**
 * The log of a delivery and what its receiver saw are the same: one attempt for each POST of the event, signed at the time
 * of the attempt, and all with the same bytes. `posts` may hold those of other events, which are left out.
 */
export function expectTrueLog(
  { event_id: id, attempts }: DeliveryBody,
  posts: ReceivedPost[],
  secret: string,
) {
  const own = posts.filter(({ headers }) => headers['webhook-id'] === id);
  const seen = own.map(({ headers, body }) => ({
    timestamp: headers['webhook-timestamp'],
    signature: isSigned({ headers, body }, secret) ? 'valid' : headers['webhook-signature'],
    body: body.toString('latin1'),
  }));
  expect(seen).toEqual(
    attempts.map(({ at }) => ({
      timestamp: String(Math.floor(Date.parse(at) / 1000)),
      signature: 'valid',
      body: own[0]?.body.toString('latin1'),
    })),
  );
  const times = attempts.flatMap(({ at }, index) => [at, own[index]!.at.toISOString()]);
  expect(times).toEqual(times.toSorted());
}

/** Whether the secret verifies the POST, in the eyes of the reference library. */
export function isSigned({ headers, body }: Pick<ReceivedPost, 'headers' | 'body'>, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
