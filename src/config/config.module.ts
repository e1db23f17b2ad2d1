import { Module, type DynamicModule } from '@nestjs/common';
import { Env } from './env.js';

/** Gives every module the one `Env` that was read at start. */
@Module({})
export class ConfigModule {
  static forRoot(env: Env): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Env, useValue: env }],
      exports: [Env],
    };
  }
}
