import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The keys of callers, and how often each caller has called. */
export class AskForKeys1763690400006 implements MigrationInterface {
  name = 'AskForKeys1763690400006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_key (
        id text NOT NULL,
        name text NOT NULL,
        owner_id text NOT NULL,
        hash bytea NOT NULL,
        scopes text[] NOT NULL,
        seeded boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT api_key_pkey PRIMARY KEY (id)
      )`);
    // Written by every call, and worth nothing after a minute: not in the write-ahead log, and empty after a crash. The
    // columns are those that rate-limiter-flexible asks for.
    await runner.query(`
      CREATE UNLOGGED TABLE rate_limit (
        key varchar(255) NOT NULL,
        points integer NOT NULL DEFAULT 0,
        expire bigint,
        CONSTRAINT rate_limit_pkey PRIMARY KEY (key)
      ) WITH (fillfactor = 60)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE rate_limit`);
    await runner.query(`DROP TABLE api_key`);
  }
}
