import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import multipart from '@fastify/multipart';
import { UnsupportedMediaTypeException, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import type { Env } from './config/env.js';
import { logBrokenAnswers } from './errors/broken-answers.js';
import { ProblemFilter, UPLOAD_ROUTE } from './errors/problem.filter.js';
import { answerUnreadableHttp } from './errors/unreadable-http.js';
import { validationProblem } from './errors/validation-problem.js';
import { createLogging, type Logging } from './logging.js';
import { serveOpenApi } from './openapi.js';
import { refuseWhileClosing } from './refuse-while-closing.js';
import { rewritePath } from './rewrite-path.js';
import { trackUnusedConnections } from './unused-connections.js';
import { FILE_MEDIA_TYPES } from './upload/receive-upload.js';

/** JSON bodies are small; only an upload's file is large, and that is streamed past this limit. */
const BODY_LIMIT = 64 * 1024;
/**
 * After so long without a byte in either direction a connection is closed: the other side may have vanished without a
 * word, and its half upload would stay on the disk. Longer than the largest upload takes to be stored.
 */
const SILENCE_MS = 300_000;
/** What an `X-Request-Id` from outside may look like to be kept. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The application of `env.appMode`, not listening yet. Its database must be migrated. */
export async function createApp(
  env: Env,
  { logger, module }: Logging = createLogging(env),
): Promise<NestFastifyApplication> {
  const root = AppModule.forMode(env, module);
  const problems = new ProblemFilter(env);
  const app = await NestFactory.create<NestFastifyApplication>(root, createAdapter(env, problems), {
    logger,
    abortOnError: false,
    // Fastify reads JSON by itself. Nest would read HTML forms too, and call a CSV that comes as one too large.
    bodyParser: false,
  });
  await app.register(multipart);
  app.useGlobalFilters(problems);
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: validationProblem,
    }),
  );
  if (env.appMode !== 'worker') serveOpenApi(app);
  return app;
}

/** Ends the application. Answers that are still being read after `timeoutMs` are broken off: a reader may be in no hurry. */
export async function closeApp(app: NestFastifyApplication, timeoutMs: number): Promise<void> {
  const server = app.getHttpServer();
  let again: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    // Again and again: jobs may take longer to end, and until then new connections come in.
    again = setInterval(() => server.closeAllConnections(), 250);
  }, timeoutMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
    clearInterval(again);
  }
}

function createAdapter({ publicUrl }: Env, problems: ProblemFilter): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    connectionTimeout: SILENCE_MS,
    return503OnClosing: false,
    rewriteUrl: (request: IncomingMessage) => rewritePath(request.url ?? '/'),
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      problems.answer(error, request, reply),
    clientErrorHandler: (error: Error, socket: Socket) => answerUnreadableHttp(error, socket, publicUrl),
  });
  const fastify = adapter.getInstance();
  const endUnusedConnections = trackUnusedConnections(fastify.server);
  fastify.addHook('preClose', async () => endUnusedConnections());
  refuseWhileClosing(fastify, problems);
  logBrokenAnswers(fastify);
  fastify.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  // Many clients say JSON on every POST, also where there is nothing to say.
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) =>
    body === '' ? done(null, undefined) : parseJson(request, body, done),
  );
  fastify.addContentTypeParser(FILE_MEDIA_TYPES, (request, body, done) => {
    if (request.routeOptions.url === UPLOAD_ROUTE) done(null, body);
    else done(new UnsupportedMediaTypeException());
  });
  return adapter;
}
