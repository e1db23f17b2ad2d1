import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Endpoints, the events that happened, their way to each endpoint, and every POST. */
export class CreateWebhooks1763690400001 implements MigrationInterface {
  name = 'CreateWebhooks1763690400001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_endpoint (
        id text NOT NULL,
        owner_id text NOT NULL,
        request_id uuid,
        url text NOT NULL,
        events text[] NOT NULL,
        secret text NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        disabled_reason text,
        failing_since timestamptz,
        lease_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`CREATE INDEX webhook_endpoint_of_owner ON webhook_endpoint (owner_id, request_id)`);

    // One event per request, run and type, for ever. Its body is stored once, so that every attempt sends the same bytes.
    await runner.query(`
      CREATE TABLE webhook_event (
        id text NOT NULL,
        owner_id text NOT NULL,
        request_id uuid,
        run integer,
        type text NOT NULL,
        body text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_event_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_event_once UNIQUE (request_id, run, type)
      )`);

    await runner.query(`
      CREATE TABLE webhook_delivery (
        id text NOT NULL,
        owner_id text NOT NULL,
        endpoint_id text NOT NULL,
        event_id text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        attempt_count integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_delivery_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_delivery_once UNIQUE (endpoint_id, event_id),
        CONSTRAINT webhook_delivery_status CHECK (status IN ('pending','delivered','failed','cancelled')),
        CONSTRAINT webhook_delivery_endpoint FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
        CONSTRAINT webhook_delivery_event FOREIGN KEY (event_id) REFERENCES webhook_event (id) ON DELETE CASCADE
      )`);
    await runner.query(
      `CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE status = 'pending'`,
    );
    await runner.query(`
      CREATE INDEX webhook_delivery_due_at_endpoint ON webhook_delivery (endpoint_id, next_attempt_at) WHERE status = 'pending'`);
    await runner.query(`CREATE INDEX webhook_delivery_of_event ON webhook_delivery (event_id)`);

    await runner.query(`
      CREATE TABLE webhook_attempt (
        delivery_id text NOT NULL,
        number integer NOT NULL,
        trigger text NOT NULL,
        at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        status_code integer,
        error text,
        response text,
        CONSTRAINT webhook_attempt_pkey PRIMARY KEY (delivery_id, number),
        CONSTRAINT webhook_attempt_trigger CHECK (trigger IN ('scheduled','manual')),
        CONSTRAINT webhook_attempt_delivery FOREIGN KEY (delivery_id) REFERENCES webhook_delivery (id) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE webhook_attempt, webhook_delivery, webhook_event, webhook_endpoint`);
  }
}
