import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { Problem } from '../errors/problem.js';

/** Calls of one caller in a minute, unless RATE_LIMIT says otherwise: a hundred a second. */
const DEFAULT_LIMIT = 6000;
/** Calls of one address in a minute that come without a valid key. A generated key cannot be guessed; each guess costs a query. */
const REFUSALS = 600;
const WINDOW_SECONDS = 60;
const CLEARING_MS = 10 * 60_000;

/** Counts calls in windows of a minute, in PostgreSQL, so for all API processes together. */
@Injectable()
export class RateLimits implements OnModuleDestroy {
  private readonly calls: RateLimiterPostgres | undefined;
  private readonly refusals: RateLimiterPostgres;
  /** Addresses that may not try keys any more, and until when. */
  private readonly blocked = new Map<string, number>();
  private readonly clearing: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    env: Env,
  ) {
    const limiter = (keyPrefix: string, points: number): RateLimiterPostgres =>
      new RateLimiterPostgres({
        storeClient: dataSource,
        storeType: 'typeorm',
        tableName: 'rate_limit',
        tableCreated: true,
        clearExpiredByTimeout: false, // its timer outlives us
        keyPrefix,
        points,
        duration: WINDOW_SECONDS,
        // Whoever goes on costs no query until the minute is over.
        inMemoryBlockOnConsumed: points + 1,
      });
    const limit = env.rateLimit ?? DEFAULT_LIMIT;
    this.calls = limit === 0 ? undefined : limiter('call', limit);
    this.refusals = limiter('refusal', REFUSALS);
    // Whoever never calls again leaves a row behind.
    this.clearing = setInterval(() => void this.clear(), CLEARING_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.clearing);
  }

  /** Counts a call. Gives the headers that tell what is left; throws `rate_limited` when it was one too many. */
  async countCall(caller: string): Promise<Record<string, string>> {
    return this.calls ? headersOf(this.calls, await consume(this.calls, caller)) : {};
  }

  /** Counts a call without a valid key. Throws `rate_limited` when it was one too many. */
  async countRefusal(address: string): Promise<void> {
    try {
      await consume(this.refusals, address);
    } catch (error) {
      const { retryAfterSeconds = 0 } = error instanceof Problem ? error.extra : {};
      if (retryAfterSeconds > 0) this.blocked.set(address, Date.now() + retryAfterSeconds * 1000);
      throw error;
    }
  }

  /** Whether so many calls without a valid key came from there that another one is not worth a query. */
  isBlocked(address: string): boolean {
    return Date.now() < (this.blocked.get(address) ?? 0);
  }

  private async clear(): Promise<void> {
    for (const address of this.blocked.keys()) if (!this.isBlocked(address)) this.blocked.delete(address);
    // As the limiter writes it: on the clock of the process. What it cannot do now it does the next time.
    await sql(this.dataSource, 'DELETE FROM rate_limit WHERE expire < $1', [Date.now()]).catch(
      () => undefined,
    );
  }
}

async function consume(limiter: RateLimiterPostgres, caller: string): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(caller);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
    throw new Problem('rate_limited', `At most ${limiter.points} a minute. Go on in ${seconds} s.`, {
      retryAfterSeconds: seconds,
      headers: headersOf(limiter, error),
    });
  }
}

/** As draft-ietf-httpapi-ratelimit-headers-11 has them: quota and window in seconds; what remains, and seconds to the next window. */
function headersOf({ points, keyPrefix }: RateLimiterPostgres, left: RateLimiterRes): Record<string, string> {
  const reset = Math.ceil(left.msBeforeNext / 1000);
  return {
    'ratelimit-policy': `"${keyPrefix}";q=${points};w=${WINDOW_SECONDS}`,
    ratelimit: `"${keyPrefix}";r=${left.remainingPoints};t=${reset}`,
  };
}
