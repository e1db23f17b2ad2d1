import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** How often a connection of the pool is taken while `work` runs. */
export async function countQueries(source: DataSource, work: () => Promise<unknown>): Promise<number> {
  const { master } = source.driver as unknown as { master: Pool };
  const connect = jest.spyOn(master, 'connect');
  try {
    await work();
    return connect.mock.calls.length;
  } finally {
    connect.mockRestore();
  }
}
