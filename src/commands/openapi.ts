import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { parseEnv } from '../config/env.js';
import { createLogging } from '../logging.js';
import { openApiDocument } from '../openapi.js';

/** `npm run openapi`: writes `openapi.json`. In preview mode nothing is instantiated, so no database is needed. */
const env = parseEnv({ APP_MODE: 'api', DATABASE_URL: 'postgres://unused', LOG_LEVEL: 'silent' });
const app = await NestFactory.create(
  AppModule.forMode(env, createLogging(env).module),
  new FastifyAdapter(),
  {
    preview: true,
    abortOnError: false,
    logger: false,
  },
);
await writeFile('openapi.json', `${JSON.stringify(openApiDocument(app), null, 2)}\n`);
console.log('openapi.json written');
