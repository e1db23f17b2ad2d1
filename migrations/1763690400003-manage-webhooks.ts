import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Secrets that are being replaced, attempts that a caller asked for, and which endpoints keep others waiting. */
export class ManageWebhooks1763690400003 implements MigrationInterface {
  name = 'ManageWebhooks1763690400003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_endpoint
        ADD COLUMN retired_secrets jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN slow boolean NOT NULL DEFAULT false,
        ADD COLUMN deleted_at timestamptz`);
    await runner.query(`CREATE INDEX webhook_endpoint_listed ON webhook_endpoint (owner_id, id)`);
    await runner.query(`ALTER TABLE webhook_delivery ADD COLUMN redeliver_at timestamptz`);
    await runner.query(`
      CREATE INDEX webhook_delivery_asked_for ON webhook_delivery (endpoint_id, redeliver_at, id)
      WHERE redeliver_at IS NOT NULL`);
    await runner.query(`
      CREATE INDEX webhook_delivery_missed ON webhook_delivery (endpoint_id, id) WHERE status IN ('failed','cancelled')`);
    await runner.query(`CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (endpoint_id, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP INDEX webhook_delivery_of_endpoint, webhook_delivery_missed, webhook_delivery_asked_for, webhook_endpoint_listed`,
    );
    await runner.query(`ALTER TABLE webhook_delivery DROP COLUMN redeliver_at`);
    await runner.query(
      `ALTER TABLE webhook_endpoint DROP COLUMN deleted_at, DROP COLUMN slow, DROP COLUMN retired_secrets`,
    );
  }
}
