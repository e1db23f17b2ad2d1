import { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/**
 * Logs the streams that break off when their status is sent already. Fastify then closes the connection, by which the
 * caller knows, and nobody else would: it does not come to the problem filter.
 */
export function logBrokenAnswers(fastify: FastifyInstance): void {
  const logger = new Logger('Answer');
  fastify.addHook('onSend', async (request, reply, payload) => {
    if (!(payload instanceof Readable)) return payload;
    return payload.once('error', (error) => {
      const line = `${request.method} ${request.routeOptions.url} broke off: ${error.message}`;
      if (reply.raw.headersSent) logger.error(line, error.stack);
    });
  });
}
