import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { Problem } from '../errors/problem.js';

/** How long, and for how little, we wait for the sender of a body. */
export interface Patience {
  /** The wait that a sender may use up before it is refused (ms). What it sends gives it back. */
  waitMs: number;
  /** What has to come, on the whole, for the wait not to be used up. */
  bytesPerSecond: number;
  /** Between two looks at all bodies that have not come to their end (ms). */
  lookMs: number;
}

const PATIENCE: Patience = { waitMs: 15_000, bytesPerSecond: 1024, lookMs: 1000 };

/** A request whose body has not come to its end. */
interface Incomplete {
  request: FastifyRequest;
  reply: FastifyReply;
  /** Of the wait (ms). */
  left: number;
  /** Of the connection, at the last look. */
  bytesRead: number;
}

/**
 * Refuses the bodies that stand still or drip, with a 408 and the end of the connection. Only a sender that we wait for
 * uses up its time: not one whose bytes lie unread in our buffer, because our disk is slow, and a look that comes late,
 * because the process was busy, counts once. Node's `requestTimeout` would end long uploads over honest slow lines.
 */
export function refuseSlowBodies(
  fastify: FastifyInstance,
  problems: ProblemFilter,
  { waitMs, bytesPerSecond, lookMs }: Patience = PATIENCE,
): void {
  const incomplete = new Set<Incomplete>();
  fastify.addHook('onRequest', async (request, reply) => {
    if (!hasBody(request)) return;
    incomplete.add({ request, reply, left: waitMs, bytesRead: request.raw.socket.bytesRead });
  });

  function look(one: Incomplete): void {
    const { complete, destroyed, socket, readableLength } = one.request.raw;
    if (complete || destroyed) {
      incomplete.delete(one);
      return;
    }
    const came = socket.bytesRead - one.bytesRead;
    one.bytesRead += came;
    one.left = Math.min(waitMs, one.left + (came / bytesPerSecond) * 1000);
    if (readableLength === 0) one.left -= lookMs;
    if (one.left > 0) return;
    incomplete.delete(one);
    refuse(one, problems);
  }

  const timer = setInterval(() => incomplete.forEach(look), lookMs).unref();
  fastify.addHook('onClose', async () => clearInterval(timer));
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

function refuse({ request: { raw }, request, reply }: Incomplete, problems: ProblemFilter): void {
  // The answer has begun without the body.
  if (reply.raw.headersSent) {
    raw.socket.destroy();
    return;
  }
  const problem = new Problem('request_timeout', 'The body stood still, or came too slowly.');
  problems.answer(problem, request, reply.header('connection', 'close'));
  // To Node a request that is answered is over: whoever still waits for the body would never hear of its end.
  raw.socket.once('close', () => raw.destroy(problem));
}
