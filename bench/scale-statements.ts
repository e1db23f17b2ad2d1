import type { Pool } from 'pg';

/** Lets the PostgreSQL of a house count statements; costs it some CPU time, so not where that is measured. */
export const COUNTING = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.max': '1000' };

export interface Statement {
  calls: number;
  query: string;
}

/** Statements that were executed from now on until the work was done, those of ours left out, the most frequent first. */
export async function statementsOf(pool: Pool, work: () => Promise<unknown>): Promise<Statement[]> {
  await pool.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  await pool.query('SELECT pg_stat_statements_reset()');
  await work();
  const { rows } = await pool.query<Statement>(
    `SELECT sum(calls)::float8 AS calls, query FROM pg_stat_statements
     WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query ORDER BY calls DESC`,
  );
  return rows;
}
