import type { DataSource, EntityManager } from 'typeorm';

/** Whatever can run a statement: the pool, or one transaction. */
export type Runner = Pick<DataSource | EntityManager, 'query'>;

/** The rows a statement returns. TypeORM answers `[rows, count]` for UPDATE and DELETE, and the rows for all others. */
export async function sql<Row>(
  runner: Runner,
  statement: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  const result: unknown = await runner.query(statement, parameters);
  const [first, second] = result as [unknown, unknown];
  return (Array.isArray(first) && typeof second === 'number' ? first : result) as Row[];
}
