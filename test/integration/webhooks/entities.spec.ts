import { createTestDatabase } from '../../support/postgres.js';
import { Workbench } from './workbench.js';

it('the entities are what the migration made', async () => {
  const database = await createTestDatabase();
  const bench = await Workbench.open(database.url);
  try {
    const { upQueries } = await bench.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  } finally {
    await bench.close();
    await database.drop();
  }
});
