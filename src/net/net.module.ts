import { Module } from '@nestjs/common';
import { GuardedFetch } from './guarded-fetch.js';

/** The way out to addresses that users gave. */
@Module({ providers: [GuardedFetch], exports: [GuardedFetch] })
export class NetModule {}
