import { Webhook } from 'standardwebhooks';
import { groupBy } from '../group-by.js';
import type { ReceivedPost } from '../receiver.js';
import type { Upload } from '../upload.js';
import type { Evidence } from './evidence.js';

export function eventsThatAreWrong({ requests, events, steps }: Evidence): string[] {
  return requests.flatMap(({ id, run: runs, status }) => {
    const own = events.filter(({ requestId }) => requestId === id);
    return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) => {
      const types = own.filter((event) => event.run === run).map(({ type }) => type);
      // Which end an earlier run came to was written down at its time.
      const end = steps.findLast(
        (step) =>
          step.requestId === id && step.position === null && step.run === run && step.after !== 'pending',
      );
      const due = `request.${run === runs ? status : (end?.after ?? '?')}`;
      return types.join() === due
        ? []
        : [`run ${run} of request ${id} has the events [${types.join(', ')}], due is ${due}`];
    });
  });
}

export function postsThatAreWrong(evidence: Evidence): string[] {
  return evidence.uploads.flatMap((upload) => [
    ...postsThatDiffer(
      upload,
      evidence.posts.filter(({ path }) => path === `/${upload.name}`),
    ),
    ...eventsThatWereMissed(upload, evidence),
  ]);
}

/** All POSTs of an event are byte-equal, and signed so that the receiver accepts them when they come. */
function postsThatDiffer({ name, secrets }: Upload, posts: ReceivedPost[]): string[] {
  const breaches: string[] = [];
  for (const [id, own] of groupBy(posts, ({ headers }) => headers['webhook-id'] ?? 'without an id')) {
    const bodies = new Set(own.map(({ body }) => body));
    if (bodies.size > 1)
      breaches.push(`${own.length} POSTs of ${id} to ${name} have ${bodies.size} different bodies`);
    const refused = own.map((post) => refusalOf(post, secrets)).filter((reason) => reason !== undefined);
    if (refused.length > 0)
      breaches.push(`${refused.length} of ${own.length} POSTs of ${id} to ${name}: ${refused[0]}`);
  }
  return breaches;
}

function eventsThatWereMissed(upload: Upload, { events, deliveries, posts }: Evidence): string[] {
  if (upload.secrets.length === 0 || upload.mayMissEvents || upload.fate === 'gone') return [];
  const own = events.filter(({ requestId }) => requestId === upload.requestId);
  return own.flatMap(({ id, type }) => {
    const delivery = deliveries.find(({ eventId, url }) => eventId === id && url.endsWith(`/${upload.name}`));
    const arrived = posts.some(
      ({ headers, status }) =>
        headers['webhook-id'] === id && status !== undefined && status >= 200 && status < 300,
    );
    if (delivery?.status === 'delivered' && arrived) return [];
    return [
      `${type} of ${upload.name} is ${delivery?.status ?? 'on no way'}, and did ${arrived ? '' : 'not '}arrive`,
    ];
  });
}

/** Why its receiver would not take a POST at the moment it came; undefined when one of the secrets fits. */
function refusalOf({ at, body, headers }: ReceivedPost, secrets: string[]): string | undefined {
  const { now } = Date;
  // The library knows only the present time, and a timestamp is good for five minutes.
  Date.now = () => at;
  try {
    let reason = 'there is no secret to verify it with';
    for (const secret of secrets) {
      try {
        new Webhook(secret).verify(body, headers);
        return undefined;
      } catch (error) {
        reason = (error as Error).message;
      }
    }
    return reason;
  } finally {
    Date.now = now;
  }
}
