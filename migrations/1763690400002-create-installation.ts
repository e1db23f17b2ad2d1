import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row: what all processes of this installation must agree on. */
export class CreateInstallation1763690400002 implements MigrationInterface {
  name = 'CreateInstallation1763690400002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE installation (
        singleton boolean NOT NULL DEFAULT true,
        storage_id text,
        CONSTRAINT installation_pkey PRIMARY KEY (singleton),
        CONSTRAINT installation_singleton CHECK (singleton)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE installation`);
  }
}
