import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { ConfigModule } from '../../src/config/config.module.js';
import { parseEnv } from '../../src/config/env.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { ENTITIES } from '../../src/entities.js';
import { ProblemFilter } from '../../src/errors/problem.filter.js';
import { validationProblem } from '../../src/errors/validation-problem.js';
import { RequestsApiModule } from '../../src/requests/requests-api.module.js';
import { createTestDatabase } from './postgres.js';

export interface RequestsApp {
  app: NestFastifyApplication;
  dataSource: DataSource;
  url: string;
  /** GET as an owner; the JSON of the answer, whatever its status. */
  get(path: string, owner?: string): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

/** The reading routes over a database of their own. Who calls is told by the header `x-test-owner`. */
export async function startRequestsApp(): Promise<RequestsApp> {
  const database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'requests-'));
  const env = parseEnv({
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    PUBLIC_URL: 'http://public.example',
  });
  const module = {
    module: class TestModule {},
    imports: [ConfigModule.forRoot(env), DatabaseModule.forRoot(ENTITIES), RequestsApiModule],
  };
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: false,
  });
  app.useGlobalFilters(new ProblemFilter(env));
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: validationProblem,
    }),
  );
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request) => {
      const owner = request.headers['x-test-owner'];
      if (owner) Object.assign(request, { caller: { ownerId: owner } });
    });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    dataSource: app.get(DataSource),
    url,
    get: async (path: string, owner?: string) => {
      const answer = await fetch(url + path, { headers: owner ? { 'x-test-owner': owner } : {} });
      return { status: answer.status, body: await answer.json() };
    },
    close: async () => {
      await app.close();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}
