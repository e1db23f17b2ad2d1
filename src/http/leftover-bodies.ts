import type { FastifyInstance } from 'fastify';

/** How long the rest of a body may still come after its request was answered. */
const REST_MS = 10_000;

/**
 * Gives senders of bodies that nobody wants the time to hear it. Closed at once, with bytes unread, a connection is reset,
 * and the sender sees that instead of the answer: of uploads of 3 kB without a key one in six, of 30 MB all. Node reads
 * on and throws away, so that the connection can be used again; here that gets an end.
 */
export function endLeftoverBodies(fastify: FastifyInstance, restMs = REST_MS): void {
  fastify.addHook('onResponse', async ({ raw }) => {
    if (raw.complete || raw.destroyed) return;
    const timer = setTimeout(() => raw.socket.destroy(), restMs).unref();
    raw.once('end', () => clearTimeout(timer));
    raw.once('close', () => clearTimeout(timer));
  });
}
