import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { prepareKeys } from '../../src/auth/prepare-keys.js';
import { parseEnv, type Env } from '../../src/config/env.js';
import { createLogging } from '../../src/logging.js';
import { ApiClient } from './api-client.js';
import { freePort } from '../../src/net/free-port.js';
import { createTestDatabase } from './postgres.js';

/** The service in this process, on a database and a directory of its own. */
export interface TestService {
  app: NestFastifyApplication;
  env: Env;
  api: ApiClient;
  databaseUrl: string;
  dataDir: string;
  stop(): Promise<void>;
}

/** Settings for tests: private addresses allowed (all servers are on loopback), quick retries, no logs. */
export function testSettings(own: Record<string, string>): Record<string, string> {
  return { LOG_LEVEL: 'silent', ALLOW_PRIVATE_ADDRESSES: 'true', DATABASE_POOL_SIZE: '6', ...own };
}

export async function startService(settings: Record<string, string> = {}): Promise<TestService> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  const port = String(await freePort());
  const env = parseEnv(
    testSettings({ DATABASE_URL: database.url, DATA_DIR: dataDir, PORT: port, ...settings }),
  );
  const logging = createLogging(env);
  Logger.overrideLogger(logging.logger);
  await prepareKeys(env);
  const app = await createApp(env, logging);
  await app.listen(env.port, env.host);
  return {
    app,
    env,
    api: new ApiClient(env.publicUrl),
    databaseUrl: database.url,
    dataDir,
    async stop() {
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
