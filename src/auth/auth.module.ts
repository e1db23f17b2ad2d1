import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { ApiKeys } from './api-keys.js';
import { RateLimits } from './rate-limits.js';

/** Who may call what, and how often. The guard stands before all routes of the process. */
@Module({
  providers: [ApiKeys, RateLimits, { provide: APP_GUARD, useClass: AccessGuard }],
})
export class AuthModule {}
