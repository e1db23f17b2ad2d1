import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Env } from '../config/env.js';
import { withTimeLimit } from '../config/time-limit.js';
import { createDataSource } from './data-source.js';
import { SILENCE_MS } from './session-limits.js';
import { endSilentConnections } from './silent-connections.js';

const CLOSE_LIMIT = 1000;

/** The process's one pool to PostgreSQL, as TypeORM's DataSource. It closes last, after everything that uses it. */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** The entities come from above: the ground floor does not know the modules that own them. */
  static forRoot(entities: (new () => object)[]): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        {
          provide: DataSource,
          inject: [Env],
          useFactory: async (env: Env) => {
            const dataSource = await createDataSource(env.databaseUrl!, {
              poolSize: env.databasePoolSize,
              applicationName: `halftone-${env.appMode}`,
              entities,
            }).initialize();
            const { master } = dataSource.driver as PostgresDriver;
            endSilentConnections(master as Pool, { silenceMs: SILENCE_MS, ask: false });
            return dataSource;
          },
        },
      ],
      exports: [DataSource],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    // Work that did not end in time still holds connections: the process does not wait for it.
    await withTimeLimit(this.dataSource.destroy(), CLOSE_LIMIT, 'the pool did not close').catch(
      () => undefined,
    );
  }
}
