import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Requests, their products, images and slices, and the workers alive.
 *
 * `request_id` comes first in every key, so that one request is one range (and partitions stay possible). The large
 * tables have no foreign keys: a check per row would cost more than the insertion, and rows go by request in batches.
 */
export class CreateRequests1763690400000 implements MigrationInterface {
  name = 'CreateRequests1763690400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE processing_request (
        id uuid NOT NULL,
        owner_id text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        run integer NOT NULL DEFAULT 1,
        label text,
        file_name text,
        options jsonb NOT NULL,
        csv_columns jsonb NOT NULL,
        public_url text NOT NULL,
        product_count integer NOT NULL,
        image_count integer NOT NULL,
        completed_count integer NOT NULL DEFAULT 0,
        failed_count integer NOT NULL DEFAULT 0,
        run_image_count integer NOT NULL,
        input_bytes bigint NOT NULL DEFAULT 0,
        output_bytes bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        CONSTRAINT processing_request_pkey PRIMARY KEY (id),
        CONSTRAINT processing_request_status CHECK (status IN ('pending','processing','completed','failed','cancelled')),
        CONSTRAINT processing_request_counts CHECK (completed_count + failed_count <= image_count)
      )`);
    await runner.query(`CREATE INDEX processing_request_of_owner ON processing_request (owner_id, id)`);
    await runner.query(
      `CREATE INDEX processing_request_open ON processing_request (id) WHERE status IN ('pending','processing')`,
    );

    await runner.query(`
      CREATE TABLE product (
        request_id uuid NOT NULL,
        row integer NOT NULL,
        cells jsonb NOT NULL,
        first_position integer NOT NULL,
        image_count integer NOT NULL,
        CONSTRAINT product_pkey PRIMARY KEY (request_id, row)
      )`);

    // Every row is written once more, with its outcome: the free space keeps that version on the same page, where no
    // index has to be touched. For the same reason only failed images, which are few, are indexed by status.
    await runner.query(`
      CREATE TABLE product_image (
        request_id uuid NOT NULL,
        position integer NOT NULL,
        row integer NOT NULL,
        source_url text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        object_key text,
        kept_original boolean,
        content_type text,
        width integer,
        height integer,
        original_size integer,
        compressed_size integer,
        sha256 bytea,
        error_code text,
        error_detail text,
        http_status smallint,
        finished_at timestamptz,
        CONSTRAINT product_image_pkey PRIMARY KEY (request_id, position),
        CONSTRAINT product_image_status CHECK (status IN ('pending','completed','failed'))
      ) WITH (fillfactor = 60)`);
    await runner.query(
      `CREATE INDEX product_image_failed ON product_image (request_id, position) WHERE status = 'failed'`,
    );

    await runner.query(`
      CREATE TABLE slice (
        request_id uuid NOT NULL,
        run integer NOT NULL,
        number integer NOT NULL,
        first_position integer NOT NULL,
        last_position integer NOT NULL,
        state text NOT NULL DEFAULT 'waiting',
        pass integer NOT NULL DEFAULT 1,
        starts integer NOT NULL DEFAULT 0,
        not_before timestamptz,
        queued_at timestamptz,
        lease_until timestamptz,
        worker_id uuid,
        CONSTRAINT slice_pkey PRIMARY KEY (request_id, run, number),
        CONSTRAINT slice_state CHECK (state IN ('waiting','queued','running','done'))
      ) WITH (fillfactor = 60)`);
    // A few rows of each request are in the second one at any time, so that its size alone tells the planner to take
    // it: a large request is worked on before anyone has analysed the table.
    await runner.query(
      `CREATE INDEX slice_waiting ON slice (request_id, run, number) WHERE state = 'waiting'`,
    );
    await runner.query(
      `CREATE INDEX slice_in_window ON slice (request_id, run) WHERE state IN ('queued','running')`,
    );

    await runner.query(`
      CREATE TABLE worker (
        id uuid NOT NULL,
        slots integer NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT worker_pkey PRIMARY KEY (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE worker, slice, product_image, product, processing_request`);
  }
}
