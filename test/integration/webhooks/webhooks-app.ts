import { Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigModule } from '../../../src/config/config.module.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { ProblemFilter } from '../../../src/errors/problem.filter.js';
import { validationProblem } from '../../../src/errors/validation-problem.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { WebhooksApiModule } from '../../../src/webhooks/webhooks-api.module.js';
import { createTestDatabase } from '../../support/postgres.js';
import { ENTITIES, Workbench } from './workbench.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
interface Call {
  /** Whose call it is. */
  owner?: string;
  /** Sent as it is, as JSON. */
  payload?: string;
  /** Sent as the JSON it becomes. */
  json?: unknown;
}

/** Callers know the shape of the body that they asked for. */
export interface Answer<Body = unknown> {
  status: number;
  body: Body;
}

/** The routes of webhooks, and a workbench on the same database. */
export interface WebhooksApp {
  bench: Workbench;
  /** `path` begins after `/api`; `body` is undefined when there is none. */
  call(method: Method, path: string, call?: Call): Promise<Answer>;
  close(): Promise<void>;
}

/** Who calls is told by the header `x-test-owner`. */
export async function startWebhooksApp(settings: Record<string, string> = {}): Promise<WebhooksApp> {
  const database = await createTestDatabase();
  const bench = await Workbench.open(database.url, settings);
  @Module({
    imports: [
      ConfigModule.forRoot(bench.env),
      DatabaseModule.forRoot(ENTITIES),
      QueueModule,
      WebhooksApiModule,
    ],
  })
  class Api {}
  // As src/app.ts has it: Fastify reads JSON by itself.
  const options = { logger: false, bodyParser: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(Api, new FastifyAdapter(), options);
  app.useGlobalFilters(new ProblemFilter(bench.env));
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: validationProblem,
    }),
  );
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', async (request) => {
    const owner = request.headers['x-test-owner'];
    if (owner) Object.assign(request, { caller: { ownerId: owner } });
  });
  await app.init();

  return {
    bench,
    async call(method: Method, path: string, { owner, json, payload }: Call = {}) {
      const sent = payload ?? (json === undefined ? undefined : JSON.stringify(json));
      const answer = await app.inject({
        method,
        url: `/api${path}`,
        headers: {
          ...(owner && { 'x-test-owner': owner }),
          ...(sent !== undefined && { 'content-type': 'application/json' }),
        },
        payload: sent,
      });
      return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json<unknown>() };
    },
    async close() {
      await app.close();
      await bench.close();
      await database.drop();
    },
  };
}
