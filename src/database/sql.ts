import type { DataSource, EntityManager } from 'typeorm';

/** Whatever can run a statement: the pool, or one transaction. */
export type Runner = Pick<DataSource | EntityManager, 'query'>;

/** The rows a statement returns. TypeORM answers `[rows, count]` for UPDATE and DELETE, and the rows for all others. */
export async function sql<Row>(
  runner: Runner,
  statement: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  return rowsOf(await runner.query(statement, parameters));
}

/** Names of prepared statements. */
const names = new Map<string, string>();

/**
 * The same for a statement that runs for every slice, every batch or every call: PostgreSQL parses and plans it once a
 * connection, which takes it longer than the work itself. Only for a constant text: each is kept for good. And only where
 * one plan fits all parameters (sessions have `enable_seqscan=off`, see session-limits.ts).
 */
export async function prepared<Row>(
  runner: Runner,
  statement: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  let name = names.get(statement);
  if (name === undefined) names.set(statement, (name = `halftone_${names.size}`));
  // TypeORM hands it on to pg, which also takes an object, and writes the parameters into it.
  const query = { name, text: statement };
  return rowsOf(await runner.query(query as unknown as string, parameters));
}

function rowsOf<Row>(result: unknown): Row[] {
  const [first, second] = result as [unknown, unknown];
  return (Array.isArray(first) && typeof second === 'number' ? first : result) as Row[];
}
