import { Logger, type INestApplication } from '@nestjs/common';
import type { Env } from './config/env.js';
import { VERSION } from './config/version.js';

/** Says where the service is to be found, and what an operator should know about its settings. */
export async function announce(app: INestApplication, env: Env): Promise<void> {
  const logger = new Logger('Halftone');
  const url = await app.getUrl();
  const docs = env.appMode === 'worker' ? `health at ${url}/health/ready` : `documentation at ${url}/docs`;
  logger.log(`Halftone ${VERSION} (${env.appMode}) is ready: ${url}, ${docs}`);
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  if (env.appMode !== 'api' && threads < env.workerConcurrency + 4) {
    logger.warn(
      `UV_THREADPOOL_SIZE is ${threads}: with WORKER_CONCURRENCY=${env.workerConcurrency} it should be ` +
        `${env.workerConcurrency + 4} or more, set before Node starts (npm start does it)`,
    );
  }
  if (env.appMode !== 'worker' && ['0.0.0.0', '[::]'].includes(new URL(env.publicUrl).hostname)) {
    logger.warn(
      `PUBLIC_URL is ${env.publicUrl}, which nobody can call: URLs that are handed out lead nowhere`,
    );
  }
  if (env.allowPrivateAddresses) {
    logger.warn('ALLOW_PRIVATE_ADDRESSES is on: images and webhooks may reach addresses of closed networks');
  }
}

/** Why the process ends: one plain message for what its operator can mend, the stack for what is our fault. */
export function complain(error: unknown): void {
  const { stack, message } = explained(error instanceof Error ? error : new Error(String(error)));
  process.stderr.write(`${process.env.LOG_LEVEL === 'debug' ? stack : message}\n`);
}

function explained(error: NodeJS.ErrnoException & { port?: number }): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(`Port ${error.port} is in use by another process. Stop that one, or set PORT.`, {
    cause: error,
  });
}
