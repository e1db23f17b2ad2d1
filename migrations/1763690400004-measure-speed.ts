import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How fast the current run of a request gets on. No index: the row is written with every batch of outcomes. */
export class MeasureSpeed1763690400004 implements MigrationInterface {
  name = 'MeasureSpeed1763690400004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE processing_request
        ADD COLUMN progressed_at timestamptz,
        ADD COLUMN speed double precision`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE processing_request DROP COLUMN speed, DROP COLUMN progressed_at`);
  }
}
