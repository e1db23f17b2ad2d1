import type { FastifyInstance } from 'fastify';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { stoppingProblem } from '../errors/stopping-problem.js';

/**
 * A closing server takes no new connections, but requests still come over those that are open: they are answered with a
 * 503 and the end of the connection. Fastify would do it in words of its own (`return503OnClosing`, to be off). The
 * answers that were under way end their connections too, for the server waits until all are closed.
 */
export function refuseWhileClosing(fastify: FastifyInstance, problems: ProblemFilter): void {
  let closing = false;
  fastify.addHook('preClose', async () => void (closing = true));
  fastify.addHook('onRequest', async (request, reply) => {
    if (!closing) return undefined;
    problems.answer(stoppingProblem(), request, reply);
    return reply;
  });
  fastify.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
