import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import closeWithGrace, { type Signals } from 'close-with-grace';
import { closeApp, createApp } from './app.js';
import { prepareKeys } from './auth/prepare-keys.js';
import { parseEnv, readDotEnv, type Env } from './config/env.js';
import { prepareDatabase } from './database/prepare-database.js';
import { createLogging } from './logging.js';
import { announce, complain } from './start-messages.js';

/** What remains, after the jobs' time to end (SHUTDOWN_TIMEOUT), for giving back and closing the rest (ms). */
const CLOSING_TIME = 5000;

/**
 * Signals of a process that is broken beyond closing. Heard by Node, a fault in native code (a decoder's) would be
 * repeated for ever in its thread, instead of ending the process.
 */
const CRASHES: Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT'];

/** What was started, to be stopped in the opposite order. */
const started: (() => Promise<void>)[] = [];

async function stop(): Promise<void> {
  for (const stopOne of started.splice(0).toReversed()) await stopOne();
}

async function start(env: Env): Promise<void> {
  const logging = createLogging(env);
  Logger.overrideLogger(logging.logger);
  const database = prepareDatabase(env);
  started.push(async () => (await database).stop());
  env.databaseUrl = (await database).url;
  await prepareKeys(env);
  const app = await createApp(env, logging);
  started.push(() => closeApp(app, env.shutdownTimeoutMs));
  await app.listen(env.port, env.host);
  await announce(app, env);
}

try {
  readDotEnv();
  const env = parseEnv(process.env);
  const limit = env.shutdownTimeoutMs + CLOSING_TIME;
  closeWithGrace({ delay: limit, logger: false, skip: CRASHES }, async ({ err, signal }) => {
    if (err) complain(err);
    else
      new Logger('Halftone').log(
        `${signal}: stopping, what runs has ${env.shutdownTimeoutMs / 1000} s to end`,
      );
    await stop();
  });
  await start(env).catch(async (error: unknown) => {
    complain(error);
    await Promise.race([stop().catch(() => undefined), delay(limit)]);
    process.exit(1);
  });
} catch (error) {
  complain(error);
  process.exit(1);
}
