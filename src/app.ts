import multipart from '@fastify/multipart';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import type { Env } from './config/env.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { validationProblem } from './errors/validation-problem.js';
import { createAdapter } from './http/adapter.js';
import { createLogging, type Logging } from './logging.js';
import { serveOpenApi } from './openapi.js';

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
