import type { DynamicModule } from '@nestjs/common';
import { ApiModule } from './api.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Env } from './config/env.js';
import { DatabaseModule } from './database/database.module.js';
import { ENTITIES } from './entities.js';
import { HealthModule } from './health/health.module.js';
import { QueueModule } from './queue/queue.module.js';
import { WorkerModule } from './worker.module.js';

/** The process of a mode: what each module runs is decided by which of them are imported here. */
export class AppModule {
  static forMode(env: Env, logging: DynamicModule): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(env),
        logging,
        DatabaseModule.forRoot(ENTITIES),
        QueueModule,
        AuthModule,
        HealthModule,
        ...(env.appMode === 'worker' ? [] : [ApiModule]),
        ...(env.appMode === 'api' ? [] : [WorkerModule]),
      ],
    };
  }
}
