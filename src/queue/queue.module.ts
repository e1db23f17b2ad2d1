import { Global, Module } from '@nestjs/common';
import { Env } from '../config/env.js';
import { JobQueues } from './job-queues.js';
import { postgresBackend, redisBackend } from './queue-backend.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';
import { WorkerHost } from './worker-host.js';

/** The queue: on PostgreSQL, or on Redis when REDIS_URL is set. */
@Global()
@Module({
  providers: [
    {
      provide: QUEUE_BACKEND,
      inject: [Env],
      useFactory: (env: Env) =>
        env.redisUrl
          ? redisBackend(env.redisUrl)
          : postgresBackend(env.databaseUrl!, `halftone-${env.appMode}`),
    },
    JobQueues,
    WorkerHost,
  ],
  exports: [JobQueues, WorkerHost],
})
export class QueueModule {}
