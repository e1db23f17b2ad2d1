import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Env } from '../config/env.js';
import { sql } from '../database/sql.js';
import { signingSecrets, type RetiredSecret } from './secrets.js';

/** Beyond the time of an attempt: to write down what it came to, also when the database is slow. */
const MARGIN_MS = 15_000;

/** The right to send to an endpoint, for as long as one attempt takes; renewed before each further one. */
export interface EndpointLease {
  endpointId: string;
  /** When it ends, to the microsecond, as PostgreSQL writes it. No two leases end alike, so it says whose it is. */
  until: string;
  url: string;
  /** What an attempt is signed with. */
  secrets: string[];
  /** Whether its last attempt failed or took long. */
  slow: boolean;
}

type LeaseRow = Omit<EndpointLease, 'secrets'> & {
  secret: string;
  retiredSecrets: RetiredSecret[];
  now: Date;
};

/** One worker at a time sends to an endpoint: the lease says which. It is held on the database's clock. */
@Injectable()
export class EndpointLeases {
  constructor(
    private readonly dataSource: DataSource,
    private readonly env: Env,
  ) {}

  /**
   * Takes the lease, or renews `held`. Undefined when someone else has it, and when the endpoint is disabled or gone.
   */
  async hold(endpointId: string, held?: EndpointLease): Promise<EndpointLease | undefined> {
    const [row] = await sql<LeaseRow>(
      this.dataSource,
      `UPDATE webhook_endpoint SET lease_until = clock_timestamp() + $2::float8 * interval '1 ms'
       WHERE id = $1 AND enabled
         AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR lease_until = $3::timestamptz)
       RETURNING id AS "endpointId", lease_until::text AS until, url, slow,
         secret, retired_secrets AS "retiredSecrets", clock_timestamp() AS now`,
      [endpointId, this.env.webhookTimeoutMs + MARGIN_MS, held?.until ?? null],
    );
    if (!row) return undefined;
    const { until, url, slow, now } = row;
    return { endpointId, until, url, slow, secrets: signingSecrets(row, now) };
  }

  /** False when it had run out and someone else has taken it. */
  async giveBack({ endpointId, until }: EndpointLease): Promise<boolean> {
    const rows = await sql(
      this.dataSource,
      `UPDATE webhook_endpoint SET lease_until = NULL WHERE id = $1 AND lease_until = $2::timestamptz RETURNING id`,
      [endpointId, until],
    );
    return rows.length > 0;
  }
}
