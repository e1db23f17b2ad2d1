import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What cancelling, retrying, removing and repeating leave to be done, so that a process that dies leaves it to others. */
export class OutliveFaults1763690400005 implements MigrationInterface {
  name = 'OutliveFaults1763690400005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE processing_request
        ADD COLUMN expires_at timestamptz,
        ADD COLUMN deleted_at timestamptz,
        ADD COLUMN removing_until timestamptz,
        ADD COLUMN retried_to integer`);
    // Neither column changes while a request is worked on, so the many writes of its row touch no index.
    await runner.query(
      `CREATE INDEX processing_request_expires ON processing_request (expires_at) WHERE expires_at IS NOT NULL`,
    );
    await runner.query(
      `CREATE INDEX processing_request_deleted ON processing_request (deleted_at) WHERE deleted_at IS NOT NULL`,
    );
    await runner.query(`ALTER TABLE product_image ADD COLUMN decode_marks smallint NOT NULL DEFAULT 0`);
    // Few are, and every round of the reconciler asks for them.
    await runner.query(`CREATE INDEX webhook_endpoint_disabled ON webhook_endpoint (id) WHERE NOT enabled`);
    await runner.query(`
      CREATE TABLE idempotency_key (
        owner_id text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        answer json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_key_pkey PRIMARY KEY (owner_id, key)
      )`);
    await runner.query(`CREATE INDEX idempotency_key_age ON idempotency_key (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotency_key`);
    await runner.query(`DROP INDEX webhook_endpoint_disabled`);
    await runner.query(`ALTER TABLE product_image DROP COLUMN decode_marks`);
    await runner.query(`DROP INDEX processing_request_deleted, processing_request_expires`);
    await runner.query(`
      ALTER TABLE processing_request
        DROP COLUMN retried_to, DROP COLUMN removing_until, DROP COLUMN deleted_at, DROP COLUMN expires_at`);
  }
}
