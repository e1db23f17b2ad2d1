import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/database/data-source.js';
import { prepared, sql } from '../../../src/database/sql.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const FIND = 'SELECT value FROM thing WHERE id = $1';
const CHANGE = 'UPDATE thing SET value = $2 WHERE id = $1 RETURNING value';

describe('prepared', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    // One connection: what was prepared on another could not be seen.
    dataSource = createDataSource(database.url, { poolSize: 1, applicationName: 'test' });
    await dataSource.initialize();
    await sql(dataSource, 'CREATE TABLE thing (id int PRIMARY KEY, value text)');
    await sql(dataSource, `INSERT INTO thing VALUES (1, 'one'), (2, 'two')`);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('gives the rows, also those of an UPDATE', async () => {
    await expect(prepared(dataSource, FIND, [2])).resolves.toEqual([{ value: 'two' }]);
    await expect(prepared(dataSource, FIND, [3])).resolves.toEqual([]);
    await expect(prepared(dataSource, CHANGE, [1, 'eins'])).resolves.toEqual([{ value: 'eins' }]);
  });

  it('has a statement parsed once, and planned so that it stays quick when the table has grown', async () => {
    for (let time = 0; time < 8; time += 1) await prepared(dataSource, FIND, [2]);
    const known = await sql<{ name: string; plans: number }>(
      dataSource,
      `SELECT name, generic_plans AS plans FROM pg_prepared_statements WHERE statement = $1`,
      [FIND],
    );
    expect(known).toEqual([{ name: expect.any(String), plans: expect.any(Number) }]);
    expect(known[0]!.plans).toBeGreaterThan(0);
    const plan = await sql<object>(dataSource, `EXPLAIN EXECUTE ${known[0]!.name} (2)`);
    expect(JSON.stringify(plan)).toContain('Index Scan using thing_pkey');
  });
});
