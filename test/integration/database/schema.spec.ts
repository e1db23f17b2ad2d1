import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/database/data-source.js';
import { assertMigrated, migrateDatabase } from '../../../src/database/migrate.js';
import { ENTITIES } from '../../../src/entities.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { waitFor } from '../../support/wait-for.js';

const COMPILED = join(__dirname, '../../../dist/src');

/** As in src/database/migrate.ts. */
const MIGRATION_LOCK = 0x4854_4d49;

let database: TestDatabase;
let source: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  source = await createDataSource(database.url, {
    poolSize: 2,
    applicationName: 'test',
    entities: ENTITIES,
  }).initialize();
  // As empty as an operator's new one.
  await source.query('DROP SCHEMA public, bullmq CASCADE; CREATE SCHEMA public');
});
afterEach(async () => {
  await source.destroy();
  await database.drop();
});

/** Every column, index and constraint, as PostgreSQL writes them. */
async function schema(): Promise<unknown[]> {
  return source.query(`
    SELECT 'column', table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'migration'
    UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'migration'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 'migration'::regclass
    ORDER BY 1, 2, 3`);
}

/** A command of the service, as a process of its own on the database. */
async function run(program: string): Promise<{ status: number; printed: string }> {
  const env = { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: '0' };
  const child = spawn(process.execPath, [join(COMPILED, program)], { env, cwd: '/' });
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = (await once(child, 'exit')) as [number];
  return { status, printed: (await printed).join('') };
}

describe('the migrations', () => {
  it('make what the entities say', async () => {
    await migrateDatabase(database.url);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const tables = source.entityMetadatas.map(({ tableName }) => tableName);
    const rows = await source.query<{ name: string }[]>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'`,
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual(tables.toSorted());
  });

  it('go down as they came up, each of them, and up again', async () => {
    await migrateDatabase(database.url);
    const complete = await schema();
    const downwards = [complete];
    for (const _migration of source.migrations) {
      await source.undoLastMigration();
      downwards.push(await schema());
    }
    expect(downwards.at(-1)).toEqual([]);
    expect(new Set(downwards.map((step) => step.length)).size).toBe(source.migrations.length + 1);

    const { executed } = await migrateDatabase(database.url);
    expect(executed).toEqual(source.migrations.map(({ name }) => name));
    expect(await schema()).toEqual(complete);
  });

  it('do nothing when there is nothing to do', async () => {
    await migrateDatabase(database.url);
    expect(await migrateDatabase(database.url)).toEqual({ executed: [] });
  });

  it('can be run by two processes at once: one does it, the other finds it done', async () => {
    // Both stand before the lock when it opens, so that without one they would meet.
    const holder = source.createQueryRunner();
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const running = Promise.all([run('commands/migrate.js'), run('commands/migrate.js')]);
    await waitFor('both to wait', async () => {
      const waiting = await source.query<unknown[]>(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
      );
      return waiting.length === 2;
    });
    await holder.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await holder.release();
    const both = await running;
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(new Set(both.map(({ printed }) => printed.split(':')[0]))).toEqual(
      new Set(['Migrated', 'The database is at this version already.\n']),
    );
    await expect(assertMigrated(database.url)).resolves.toBeUndefined();
  });
});

describe('a database that is not at this version', () => {
  const ADVICE = 'The database is not at this version. Run `npm run migrate` once, then start again.';

  it('is refused when it is empty', async () => {
    await expect(assertMigrated(database.url)).rejects.toThrow(ADVICE);
  });

  it('is refused when the last migration is missing', async () => {
    await migrateDatabase(database.url);
    await source.undoLastMigration();
    await expect(assertMigrated(database.url)).rejects.toThrow(ADVICE);
  });

  it('is refused when the queue has none of its tables', async () => {
    await migrateDatabase(database.url);
    await source.query('DROP SCHEMA bullmq CASCADE');
    await expect(assertMigrated(database.url)).rejects.toThrow(ADVICE);
  });

  it('ends the service that is started on it, with the advice and nothing else', async () => {
    expect(await run('start.cjs')).toEqual({ status: 1, printed: `${ADVICE}\n` });
    const [tables] = await source.query<unknown[]>(
      `SELECT count(*) AS count FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'`,
    );
    expect(tables).toEqual({ count: 0 });
  });
});
