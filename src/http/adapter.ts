import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Env } from '../config/env.js';
import { logBrokenAnswers } from '../errors/broken-answers.js';
import { UPLOAD_ROUTE, type ProblemFilter } from '../errors/problem.filter.js';
import { FILE_MEDIA_TYPES } from '../upload/receive-upload.js';
import { endLeftoverBodies } from './leftover-bodies.js';
import { HEADER_LIMITS, limitRequests } from './http-limits.js';
import { readJson } from './json-bodies.js';
import { refuseWhileClosing } from './refuse-while-closing.js';
import { rewritePath } from './rewrite-path.js';
import { securityHeaders, sendSecurityHeaders } from './security-headers.js';
import { refuseSlowBodies } from './slow-requests.js';
import { refuseUnknownMethods } from './unknown-methods.js';
import { answerUnreadableHttp } from './unreadable-http.js';
import { trackUnusedConnections } from './unused-connections.js';

/** JSON bodies are small; only an upload's file is large, and that is streamed past this limit. */
const BODY_LIMIT = 64 * 1024;
/**
 * After so long without a byte in either direction a connection is closed: the reader of an answer may have vanished
 * without a word. Longer than the largest upload takes to be stored.
 */
const SILENCE_MS = 300_000;
/** What an `X-Request-Id` from outside may look like to be kept. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Fastify as all processes use it: what it lets in, how it reads and refuses, and the headers that every answer has. */
export function createAdapter({ publicUrl, trustedProxies }: Env, problems: ProblemFilter): FastifyAdapter {
  const safety = securityHeaders(publicUrl);
  const adapter = new FastifyAdapter({
    http: HEADER_LIMITS,
    bodyLimit: BODY_LIMIT,
    connectionTimeout: SILENCE_MS,
    return503OnClosing: false,
    // Whom calls are counted for. From anybody else X-Forwarded-For could name whom it likes.
    trustProxy: trustedProxies.length > 0 && trustedProxies,
    rewriteUrl: (request: IncomingMessage) => rewritePath(request.url ?? '/'),
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      problems.answer(error, request, reply.headers(safety)),
    clientErrorHandler: (error: Error, socket: Socket) =>
      answerUnreadableHttp(error, socket, publicUrl, safety),
  });
  const fastify = adapter.getInstance();
  const endUnusedConnections = trackUnusedConnections(fastify.server);
  fastify.addHook('preClose', async () => endUnusedConnections());
  sendSecurityHeaders(fastify, publicUrl);
  fastify.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  limitRequests(fastify, problems);
  refuseSlowBodies(fastify, problems);
  endLeftoverBodies(fastify);
  refuseWhileClosing(fastify, problems);
  refuseUnknownMethods(fastify, problems);
  logBrokenAnswers(fastify);
  readJson(fastify);
  fastify.addContentTypeParser(FILE_MEDIA_TYPES, (request, body, done) => {
    if (request.routeOptions.url === UPLOAD_ROUTE || request.is404) done(null, body);
    else done(new UnsupportedMediaTypeException());
  });
  return adapter;
}
