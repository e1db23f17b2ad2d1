import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { Problem } from '../errors/problem.js';

/** What Node asks of a request until its headers are complete; what breaks it comes to answerUnreadableHttp. */
export const HEADER_LIMITS: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  requireHostHeader: false, // Node would answer by itself, without a problem; the guard refuses it where it matters
  headersTimeout: 10_000,
  // Node looks for late headers only so often, by default every 30 s.
  connectionsCheckingInterval: 1000,
};

/** More than any browser or proxy sends. Node would leave out the 2,001st without a word. */
const MAX_HEADERS = 100;

/** Requests of one connection that wait for their answers. All of them are begun at once, and few clients send two. */
const MAX_PIPELINED = 32;

/** Connections at once: more are closed as they come. Each costs some 20 kB. */
const MAX_CONNECTIONS = 10_000;

/** Refuses requests with too many headers, and breaks connections that send requests without waiting for answers. */
export function limitRequests(fastify: FastifyInstance, problems: ProblemFilter): void {
  const { server } = fastify;
  server.maxConnections = MAX_CONNECTIONS;
  // `Expect: anything` may be ignored (RFC 9110, 10.1.1); Node would answer by itself, without a problem.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  const unanswered = new WeakMap<Socket, number>();
  fastify.addHook('onRequest', async (request, reply) => {
    const { socket, rawHeaders } = request.raw;
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    reply.raw.once('close', () => unanswered.set(socket, unanswered.get(socket)! - 1));
    if (count > MAX_PIPELINED) socket.destroy();
    // Those that had come with the last one are still read.
    if (socket.destroyed) return reply.hijack();
    if (rawHeaders.length <= 2 * MAX_HEADERS) return undefined;
    const problem = new Problem('headers_too_large', `There are more than ${MAX_HEADERS} headers.`);
    problems.answer(problem, request, reply);
    return reply;
  });
}
